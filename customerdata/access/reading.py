"""Which versions a token sees: conditions for listings, and the values of one page.

A required field is read as of the latest `sync_until` of the entries that include its object, and
an optional field as of the latest one of the entries that enable it. A token with fewer scopes
than its Grant sees what the remaining entries give.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Least

from consent.models import Grant
from customerdata.kinds.base import Name, Shown, VersionedKind
from customerdata.kinds.registry import versioned
from customerdata.models import AccountVersion, GrantedObject, ServiceContractVersion
from customerdata.models.access import FOREVER
from customerdata.models.base import Version


def _holds_at(instant: Any) -> Q:
    """Versions that hold as of an instant that an outer query supplies."""
    return Q(as_of__lte=instant) & (
        Q(superseded_as_of__isnull=True) | Q(superseded_as_of__gt=instant)
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """What one token can see. `entries` None means all entries of the Grant."""

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

    def _deciding(self, kind: VersionedKind, field_id: str | None) -> QuerySet[Any]:
        """Return the row of each object by which a field (None: required fields) is read."""
        rows = self.granted(kind.name)
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

    def visible(self, kind: VersionedKind) -> QuerySet[Any]:
        """Return the versions whose required fields the token sees, one per visible object."""
        granted = self._deciding(kind, None).filter(
            object_id=OuterRef(kind.owner_id),
            instant__gte=OuterRef("as_of"),
            instant__lt=Coalesce(OuterRef("superseded_as_of"), Value(FOREVER)),
        )
        found: QuerySet[Any] = kind.version._default_manager.filter(Exists(granted))
        if kind.sorted_by:
            found = found.annotate(sort_key=Subquery(granted.values("sort_key")[:1]))
        return found

    def visible_rows(self, kind: str) -> QuerySet[Any]:
        """Return the visible versions of a kind, given its name."""
        return self.visible(versioned(kind))

    def field_matches(self, kind: str, field_id: str, condition: Q) -> Q:
        """Objects with a visible value of an optional field that matches; hidden ones never do."""
        of = versioned(kind)
        versions = of.version._default_manager.filter(
            _holds_at(OuterRef("instant")), condition, **{of.owner_id: OuterRef("object_id")}
        )
        rows = self._deciding(of, field_id).filter(Exists(versions))
        return Q(**{f"{of.owner_id}__in": rows.values("object_id")})

    def account_number_matches(self, condition: Q) -> Q:
        """Return contracts whose visible account number matches (CDS-WG3-01 10.2.1, 10.2.7)."""
        accounts = AccountVersion.objects.filter(
            _holds_at(OuterRef(OuterRef("instant"))), condition, account=OuterRef("account_id")
        )
        versions = ServiceContractVersion.objects.filter(
            Exists(accounts), _holds_at(OuterRef("instant")), contract=OuterRef("object_id")
        )
        rows = self._deciding(versioned(Name.CONTRACT), "include_account_numbers").filter(
            Exists(versions)
        )
        return Q(contract_id__in=rows.values("object_id"))

    def visible_ids(self, kind: str, keys: Collection[int]) -> dict[int, str]:
        """Return the public ids of the objects that the token can see, by primary key."""
        of = versioned(kind)
        rows = of.identity._default_manager.filter(pk__in=set(keys) & set(self._listed(kind, keys)))
        return dict(rows.values_list("pk", of.public_id))

    def visible_keys(self, kind: str, ids: Sequence[str]) -> list[int]:
        """Return the primary keys of the objects that the token can see, by public id."""
        of = versioned(kind)
        named = of.identity._default_manager.filter(**{f"{of.public_id}__in": list(ids)})
        return list(self._listed(kind, named.values("pk")))

    def _listed(self, kind: str, keys: Any) -> QuerySet[Any, Any]:
        return self.granted(kind).filter(object_id__in=keys).values_list("object_id", flat=True)

    def page(self, kind: VersionedKind, rows: Sequence[Version]) -> list[Shown]:
        """Return what the token sees of a page of base versions, in at most two queries."""
        keys = [getattr(row, kind.owner_id) for row in rows]
        deciding: dict[int, dict[str, datetime]] = {}
        latest: dict[int, datetime] = {}
        granted = self.granted(kind.name).filter(object_id__in=keys).order_by("-cutoff", "entry")
        for granted_row in granted:
            latest.setdefault(granted_row.object_id, min(granted_row.cutoff, self.now))
            instants = deciding.setdefault(granted_row.object_id, {})
            for field_id in granted_row.fields:
                instants.setdefault(field_id, min(granted_row.cutoff, self.now))
        older = self._older(kind, rows, deciding)
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
        self,
        kind: VersionedKind,
        rows: Sequence[Version],
        deciding: Mapping[int, Mapping[str, datetime]],
    ) -> dict[int, list[Version]]:
        """Load the versions of objects with some field that is read as of an earlier instant."""
        wanted = [
            getattr(row, kind.owner_id)
            for row in rows
            for instant in deciding.get(getattr(row, kind.owner_id), {}).values()
            if not row.holds(instant)
        ]
        found: dict[int, list[Version]] = {}
        if wanted:
            for row in kind.version._default_manager.filter(**{f"{kind.owner_id}__in": wanted}):
                found.setdefault(getattr(row, kind.owner_id), []).append(row)
        return found


def _at(base: Version, others: Sequence[Version], instant: datetime) -> Version | None:
    return next((v for v in (base, *others) if v.holds(instant)), None)
