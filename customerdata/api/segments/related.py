"""The visible ids around segments: the objects of their series, and the meters of formats."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from psycopg import sql

from consent.catalogue.access import meaning_of
from customerdata.access.reading import Reader
from customerdata.api.segments.rows import fetch
from customerdata.api.segments.scan import Found, measured_where_chosen
from customerdata.kinds.base import Name, VersionedKind
from customerdata.kinds.bill_section import BILL_SECTION
from customerdata.kinds.meter_device import METER_DEVICE
from customerdata.kinds.registry import VERSIONED
from customerdata.models import MeterDevice, UsageSeries
from customerdata.models.usage import parse_formats
from customerdata.usage_values.formats import UNKNOWN, MeterReadings, Unknown
from customerdata.usage_values.wire import SegmentFormat
from portal.values.times import utility_zone

# Series refer to an object of each of these kinds by a column named after the kind.
_COLUMNS = {column.name for column in UsageSeries._meta.get_fields()}
_OF_SERIES = tuple(kind for kind in VERSIONED if kind.related and kind.name in _COLUMNS)
METERS = METER_DEVICE.related
_INSTANT = timedelta.resolution


def _visible(kind: VersionedKind) -> sql.Composed:
    """An object that a series hangs on, joined if visible (GrantedObjectQuerySet.shown)."""
    return sql.SQL("""
        LEFT JOIN {table} ON {table}.id = series.{key} AND EXISTS (
            SELECT 1 FROM customerdata_grantedobject AS granted
            WHERE granted.grant_id = %(grant)s AND granted.kind = {kind} AND granted.listed
                AND granted.object_id = {table}.id
                AND (%(entries)s::int[] IS NULL OR granted.entry = ANY(%(entries)s::int[]))
        )
    """).format(
        table=sql.Identifier(kind.identity._meta.db_table),
        key=sql.Identifier(f"{kind.name}_id"),
        kind=sql.Literal(kind.name),
    )


# Written as SQL: the ORM takes longer to compose this query than the database to run it.
_LINKS = (
    sql.SQL("""
    SELECT series.id, {ids}
    FROM customerdata_usageseries AS series {joins} WHERE series.id = ANY(%(series)s::bigint[])
""")
    .format(
        ids=sql.SQL(", ").join(sql.Identifier(kind.public_id) for kind in _OF_SERIES),
        joins=sql.SQL(" ").join(map(_visible, _OF_SERIES)),
    )
    .as_bytes()
)


_REACHING = (
    sql.SQL("""
    SELECT series.id, granted.entry, granted.cutoff
    FROM customerdata_usageseries AS series
    JOIN customerdata_grantedobject AS granted ON granted.object_id = series.contract_id
        AND granted.grant_id = %(grant)s AND granted.kind = 'contract'
        AND granted.entry = ANY(%(entries)s::int[])
    WHERE series.id = ANY(%(series)s::bigint[]) AND {measured}
""")
    .format(measured=measured_where_chosen(sql.Identifier("series", "id")))
    .as_bytes()
)


# The public ids of the objects that a segment refers to and that the token sees, by the field that
# publishes them (10.8.1).
Links = dict[str, tuple[str, ...]]
# In the order of the standard; fields without a source stay empty.
_NO_LINKS: Links = dict.fromkeys(
    (
        "related_aggregations",
        *(kind.related for kind in _OF_SERIES),
        BILL_SECTION.related,
    ),
    (),
)


@dataclass(slots=True)
class _Bills:
    """The visible sections of bills about usage: of its contract, for some of its days."""

    reader: Reader
    zone: ZoneInfo
    are_open: bool
    sections: dict[int, list[tuple[date, date, str]]] = field(default_factory=dict)

    def load(self, contracts: set[int]) -> None:
        """Look up the sections about these contracts, in one query if the token opens sections."""
        new = sorted(contracts - self.sections.keys()) if self.are_open else []
        if not new:
            return
        self.sections |= {contract: [] for contract in new}
        rows = self.reader.visible(BILL_SECTION).filter(contracts__overlap=new)
        columns = ("contracts", "start_date", "end_date", f"section__{BILL_SECTION.public_id}")
        for about, first, last, public_id in rows.order_by("section").values_list(*columns):
            for contract in set(about).intersection(new):
                self.sections[contract].append((first, last, public_id))

    def about(self, contract: int, start: datetime, end: datetime) -> tuple[str, ...]:
        """Return the sections about any day of a time span."""
        found = self.sections.get(contract)
        if not found:
            return ()
        first = start.astimezone(self.zone).date()
        last = (end - _INSTANT).astimezone(self.zone).date()
        return tuple(pk for begins, ends, pk in found if begins <= last and ends >= first)


def _opens_bills(reader: Reader) -> bool:
    """Whether any entry of the token opens bill sections; runs no query."""
    for index, details in enumerate(reader.grant.authorization_details):
        if reader.entries is None or index in reader.entries:
            meaning = meaning_of(reader.grant.resolution, details["type"])
            implied = meaning.scope_type.implied if meaning else ()
            if details.get(BILL_SECTION.include) is True or BILL_SECTION.include in implied:
                return True
    return False


@dataclass(slots=True)
class Related:
    """Links by series, and the public ids of all visible meters found."""

    reader: Reader
    links: dict[int, Links] = field(default_factory=dict)
    meters: set[str] = field(default_factory=set)
    bills: "_Bills" = field(init=False)

    def __post_init__(self) -> None:
        self.bills = _Bills(self.reader, utility_zone(), _opens_bills(self.reader))

    def load(self, rows: Iterable[Found]) -> None:
        """Look up the objects that the rows refer to, in two queries for any number of rows."""
        rows = list(rows)
        series = {row.series_id for row in rows} - self.links.keys()
        params = {
            "series": sorted(series),
            "grant": self.reader.grant.pk,
            "entries": None if self.reader.entries is None else list(self.reader.entries),
        }
        for pk, *ids in fetch(_LINKS, params) if series else ():
            visible = zip(_OF_SERIES, ids, strict=True)
            linked = {kind.related: (public,) for kind, public in visible if public}
            self.links[pk] = {**_NO_LINKS, **linked}
            self.meters.update(self.links[pk][METERS])
        self.bills.load({row.contract_id for row in rows})
        named = {name for text in {row.formats_text for row in rows} for name in _meters_of(text)}
        if left := named - self.meters:
            granted = self.reader.granted(Name.METER).values("object_id")
            found = MeterDevice.objects.filter(cds_meterdevice_id__in=left, pk__in=granted)
            self.meters.update(found.values_list("cds_meterdevice_id", flat=True))

    def links_of(self, row: Found, named: Collection[str], start: datetime, end: datetime) -> Links:
        """Return the objects that a segment refers to; `named` holds the meters of its formats."""
        links = self.links[row.series_id]
        if sections := self.bills.about(row.contract_id, start, end):
            links = {**links, BILL_SECTION.related: sections}
        if named and (extra := sorted(self.meters.intersection(named).difference(links[METERS]))):
            return {**links, METERS: (*links[METERS], *extra)}
        return links

    def reaching(
        self, rows: Iterable[Found], entries: Collection[int]
    ) -> dict[int, dict[int, datetime]]:
        """Return, for each series of the rows, the entries that reach it, with their cutoffs.

        `entries` are the candidates; a cutoff can be the end of a link to an account.
        """
        reached: dict[int, dict[int, datetime]] = {}
        params = {
            "grant": self.reader.grant.pk,
            "series": sorted({row.series_id for row in rows}),
            "entries": sorted(entries),
        }
        for series, entry, cutoff in fetch(_REACHING, params):
            reached.setdefault(series, {})[entry] = cutoff
        return reached


def meters_of(formats: Iterable[SegmentFormat]) -> set[str]:
    """Return the public ids of the meters that formats name."""
    named: set[str] = set()
    for entry in formats:
        column = entry.column
        if isinstance(column, MeterReadings):
            named.add(column.meter)
        elif not isinstance(meters := getattr(column, "meters", UNKNOWN), Unknown):
            named.update(meters)
    return named


def _meters_of(formats_text: str) -> set[str]:
    return meters_of(parse_formats(formats_text))
