"""What the structural listings share: who reads, which filters see what, order, page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework.request import Request

from customerdata.access.reading import Reader, Shape, Shown
from customerdata.api.encryption import EncryptedView
from portal.http.listing import CdsListView, Order, parse_instant, split_ids

# What our URL patterns declare: any token with customer data; the rows decide what it shows.
BEARER = "bearer:customer_data"

NOTHING = Q(number=0)  # versions count from 1


@dataclass(frozen=True, slots=True)
class ReaderFilter:
    """One URL parameter whose condition depends on what the token may see (decision 55)."""

    name: str
    condition: Callable[[str, Reader], Q]


def listed(name: str, lookup: str) -> ReaderFilter:
    """Rows whose required field (a lookup such as `status__in`) is among the values."""
    return ReaderFilter(name, lambda text, reader: Q(**{lookup: split_ids(text, name=name)}))


def optional(name: str, lookup: str, field_id: str, shape: Shape) -> ReaderFilter:
    """Rows whose optional field is among the values, where the token sees it."""

    def condition(text: str, reader: Reader) -> Q:
        return reader.field_matches(shape, field_id, Q(**{lookup: split_ids(text, name=name)}))

    return ReaderFilter(name, condition)


def referring(name: str, column: str, target: Shape, public_id: str) -> ReaderFilter:
    """Rows whose reference array holds one of the ids, as far as the token sees those objects."""

    def condition(text: str, reader: Reader) -> Q:
        keys = reader.visible_keys(target, public_id, split_ids(text, name=name))
        return Q(**{f"{column}__overlap": keys}) if keys else NOTHING

    return ReaderFilter(name, condition)


class StructureListView(EncryptedView, CdsListView):
    """Lists one kind of objects, as far as the token's Grant gives them (CDS-WG3-01 10)."""

    shape: ClassVar[Shape]
    public_id: ClassVar[str]
    reader_filters: ClassVar[Sequence[ReaderFilter]] = ()

    def __init_subclass__(cls) -> None:
        cls.order = (
            Order("arrived", True, partial(parse_instant, name="cursor")),
            Order(f"{cls.shape.owner}__{cls.public_id}", False, str),
        )

    def reader(self, request: Request) -> Reader:
        """Return the reader of the request's token, the same for the whole request."""
        if not hasattr(self, "_reader"):
            caller: Any = request.user
            self._reader = Reader.of(caller.grant, caller.scopes, timezone.now())
        return self._reader

    def base_queryset(self, request: Request) -> QuerySet[Any]:
        """Return the versions that the token sees, one per object."""
        return self.reader(request).visible(self.shape).select_related(self.shape.owner)

    def filtered(self, request: Request) -> QuerySet[Any]:
        """Apply every filter present in the URL; an empty parameter counts as absent."""
        queryset = self.base_queryset(request)
        for item in self.reader_filters:
            for text in request.GET.getlist(item.name):
                if text.strip():
                    queryset = queryset.filter(item.condition(text, self.reader(request)))
        return queryset

    def represent(self, rows: list[Any], request: Request) -> list[Mapping[str, Any]]:
        """Return the wire form of one page's rows."""
        reader = self.reader(request)
        return self.objects(reader.page(self.shape, rows), reader)

    def objects(self, page: list[Shown], reader: Reader) -> list[Mapping[str, Any]]:
        """Return the objects of a page; subclasses load what the page refers to at once."""
        raise NotImplementedError


def base_fields(shown: Shown, identity: Any, public_id: str) -> dict[str, Any]:
    """Return the fields that every object begins with.

    What is frozen was confirmed for no time after that, however often the source is asked since
    (CDS-WG3-01 7.3.1).
    """
    return {
        public_id: identity.public_id,
        "cds_created": identity.cds_created,
        "cds_modified": shown.base.arrived,
        "cds_synced": min(identity.cds_synced, shown.instant),
    }


def programs(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return stored programs as they go out: balances are numbers on the wire."""
    return [
        {**item, "balance": Decimal(item["balance"])} if "balance" in item else item
        for item in items
    ]


def known(keys: Sequence[int], ids: Mapping[int, str]) -> list[str]:
    """Return the public ids of a reference array, without what the token may not see."""
    return [ids[key] for key in keys if key in ids]
