"""Which versions a token sees: conditions for listings, and the values of one page.

A required field is read as of the latest `sync_until` of the entries that include its object, an
optional one as of the latest of those that enable it. A token whose scopes are fewer than its
Grant's sees what the remaining entries give.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Least

from consent.models import Grant
from customerdata.models import (
    Account,
    AccountVersion,
    GrantedObject,
    MeterDevice,
    MeterDeviceVersion,
    ServiceContract,
    ServiceContractVersion,
    ServicePoint,
    ServicePointVersion,
)
from customerdata.models.access import FOREVER
from customerdata.models.base import Identity, Version

Kind = GrantedObject.Kind


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind is stored: its version table and the version's reference to the object."""

    kind: str
    identity: type[Identity]
    version: type[Version]
    owner: str

    @property
    def owner_id(self) -> str:
        """The column with the object's primary key."""
        return f"{self.owner}_id"


ACCOUNTS = Shape(Kind.ACCOUNT, Account, AccountVersion, "account")
CONTRACTS = Shape(Kind.CONTRACT, ServiceContract, ServiceContractVersion, "contract")
SERVICE_POINTS = Shape(Kind.SERVICE_POINT, ServicePoint, ServicePointVersion, "service_point")
METERS = Shape(Kind.METER, MeterDevice, MeterDeviceVersion, "meter")


def _holds_at(instant: Any) -> Q:
    """Versions that are true as of an instant that an outer query supplies."""
    return Q(as_of__lte=instant) & (
        Q(superseded_as_of__isnull=True) | Q(superseded_as_of__gt=instant)
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """What one token may see. `entries` None stands for all entries of the Grant."""

    grant: Grant
    now: datetime
    entries: frozenset[int] | None = None

    @classmethod
    def of(cls, grant: Grant, scopes: Collection[str], now: datetime) -> "Reader":
        """Build the reader of a token that has `scopes`."""
        details = grant.authorization_details
        allowed = frozenset(i for i, entry in enumerate(details) if entry["type"] in scopes)
        return cls(grant, now, None if len(allowed) == len(details) else allowed)

    def granted(self, kind: str) -> QuerySet[Any]:
        """Return the rows that make objects of a kind visible, with their `instant`."""
        rows = GrantedObject.objects.filter(grant=self.grant).shown(kind)
        if self.entries is not None:
            rows = rows.filter(entry__in=self.entries)
        found: QuerySet[Any] = rows.annotate(instant=Least(F("cutoff"), Value(self.now)))
        return found

    def _deciding(self, shape: Shape, field_id: str | None) -> QuerySet[Any]:
        """Return, of each object's rows, the one that a field (None: required ones) is read by."""
        rows = self.granted(shape.kind)
        if self.entries is None:
            return (
                rows.filter(base=True)
                if field_id is None
                else rows.filter(decides__contains=[field_id])
            )
        enabling = rows if field_id is None else rows.filter(fields__contains=[field_id])
        better = enabling.filter(object_id=OuterRef("object_id")).filter(
            Q(cutoff__gt=OuterRef("cutoff"))
            | Q(cutoff=OuterRef("cutoff"), entry__lt=OuterRef("entry"))
        )
        return enabling.filter(~Exists(better))

    def visible(self, shape: Shape) -> QuerySet[Any]:
        """Return the versions whose required fields the token sees: one per visible object."""
        granted = self._deciding(shape, None).filter(
            object_id=OuterRef(shape.owner_id),
            instant__gte=OuterRef("as_of"),
            instant__lt=Coalesce(OuterRef("superseded_as_of"), Value(FOREVER)),
        )
        return shape.version._default_manager.filter(Exists(granted))

    def field_matches(self, shape: Shape, field_id: str, condition: Q) -> Q:
        """Objects whose visible value of an optional field matches; hidden ones never do."""
        versions = shape.version._default_manager.filter(
            _holds_at(OuterRef("instant")), condition, **{shape.owner_id: OuterRef("object_id")}
        )
        rows = self._deciding(shape, field_id).filter(Exists(versions))
        return Q(**{f"{shape.owner_id}__in": rows.values("object_id")})

    def account_number_matches(self, condition: Q) -> Q:
        """Contracts whose visible account number matches (CDS-WG3-01 10.2.1, 10.2.7)."""
        accounts = AccountVersion.objects.filter(
            _holds_at(OuterRef(OuterRef("instant"))), condition, account=OuterRef("account_id")
        )
        versions = ServiceContractVersion.objects.filter(
            Exists(accounts), _holds_at(OuterRef("instant")), contract=OuterRef("object_id")
        )
        rows = self._deciding(CONTRACTS, "include_account_numbers").filter(Exists(versions))
        return Q(contract_id__in=rows.values("object_id"))

    def visible_ids(self, shape: Shape, public_id: str, keys: Collection[int]) -> dict[int, str]:
        """Return the public ids of those objects, by primary key, that the token may see."""
        rows = shape.identity._default_manager.filter(
            pk__in=set(keys) & set(self._listed(shape.kind, keys))
        )
        return dict(rows.values_list("pk", public_id))

    def visible_keys(self, shape: Shape, public_id: str, ids: Sequence[str]) -> list[int]:
        """Return the primary keys of those objects, by public id, that the token may see."""
        keys = shape.identity._default_manager.filter(**{f"{public_id}__in": list(ids)}).values(
            "pk"
        )
        return list(self._listed(shape.kind, keys))

    def _listed(self, kind: str, keys: Any) -> QuerySet[Any, Any]:
        return self.granted(kind).filter(object_id__in=keys).values_list("object_id", flat=True)

    def page(self, shape: Shape, rows: Sequence[Version]) -> list["Shown"]:
        """Find out what the token sees of a page of base versions, in at most two queries."""
        keys = [getattr(row, shape.owner_id) for row in rows]
        deciding: dict[int, dict[str, datetime]] = {}
        latest: dict[int, datetime] = {}
        granted = self.granted(shape.kind).filter(object_id__in=keys).order_by("-cutoff", "entry")
        for granted_row in granted:
            latest.setdefault(granted_row.object_id, min(granted_row.cutoff, self.now))
            instants = deciding.setdefault(granted_row.object_id, {})
            for field_id in granted_row.fields:
                instants.setdefault(field_id, min(granted_row.cutoff, self.now))
        older = self._older(shape, rows, deciding)
        return [
            Shown(
                row,
                {
                    field_id: (version, instant)
                    for field_id, instant in deciding.get(key, {}).items()
                    if (version := _at(row, older.get(key, ()), instant)) is not None
                },
                latest[key],
            )
            for key, row in zip(keys, rows, strict=True)
        ]

    def _older(
        self, shape: Shape, rows: Sequence[Version], deciding: Mapping[int, Mapping[str, datetime]]
    ) -> dict[int, list[Version]]:
        """Load the versions of objects of which some field is read as of an earlier instant."""
        wanted = [
            getattr(row, shape.owner_id)
            for row in rows
            for instant in deciding.get(getattr(row, shape.owner_id), {}).values()
            if not holds(row, instant)
        ]
        found: dict[int, list[Version]] = {}
        if wanted:
            for row in shape.version._default_manager.filter(**{f"{shape.owner_id}__in": wanted}):
                found.setdefault(getattr(row, shape.owner_id), []).append(row)
        return found


@dataclass(frozen=True, slots=True)
class Shown:
    """What a token sees of one object: the version of its required fields, and for each enabled
    include field the version of its optional fields with the instant it was read as of.

    The required fields were read as of `instant`, which is the latest of all."""

    base: Any
    optional: Mapping[str, tuple[Any, datetime]]
    instant: datetime

    def at(self, field_id: str) -> Any:
        """Return the version that an include field's values are read from, None when hidden."""
        found = self.optional.get(field_id)
        return None if found is None else found[0]


def holds(version: Version, instant: datetime) -> bool:
    """Whether a version is true at the source as of an instant."""
    return version.as_of <= instant and (
        version.superseded_as_of is None or instant < version.superseded_as_of
    )


def _at(base: Version, others: Sequence[Version], instant: datetime) -> Version | None:
    return next((v for v in (base, *others) if holds(v, instant)), None)
