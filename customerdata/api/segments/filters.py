"""The listing's URL parameters (CDS-WG3-01 10.8.8), limited to what the token sees (decision 55).

Filters on related objects become one condition on series, so that the walk starts at the relevant
contracts. Conditions that depend on the finished segment (trimmed ids, its own start and end, the
meters of the formats shown) are checked again on the segment.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q

from customerdata.access.reading import Reader
from customerdata.kinds.base import NOTHING, Name
from customerdata.kinds.bill_section import BILL_SECTION
from customerdata.kinds.meter_device import METER_DEVICE
from customerdata.kinds.service_point import SERVICE_POINT
from customerdata.models import GrantedObject, MeterDevice, MeterDeviceVersion, UsagePack
from customerdata.usage_values.segments import base_segment_id, same_id, segment_id_month
from portal.http.listing import InvalidFilter, ListQuery, parse_instant, split_ids

_NOTHING = Q(pk__in=[])
# A segment can grow back to the start of its local month, which can lie in another UTC month.
_MONTH_SLACK = timedelta(days=2)

Condition = Callable[[list[str], Reader], Q]


@dataclass(frozen=True, slots=True)
class SegmentFilters:
    """What the URL asks for; all conditions have to hold.

    `series` is a condition on series, None for all. Each set in `ids` comes from one parameter, and
    so does each pair in `referring`: a field of the segment and the public ids, one of which it
    must contain. `before` limits the start of segments, `after` their end.
    """

    series: Q | None
    ids: tuple[frozenset[str], ...] = ()
    referring: tuple[tuple[str, frozenset[str]], ...] = ()
    before: datetime | None = None
    after: datetime | None = None

    @property
    def base_ids(self) -> list[str] | None:
        """The ids of packs that can contain the requested segments, None for all."""
        if not self.ids:
            return None
        wanted = [frozenset(base_segment_id(text) for text in ids) for ids in self.ids]
        return sorted(frozenset.intersection(*wanted))

    def admits(
        self,
        *,
        segment_id: str,
        start: datetime,
        end: datetime,
        links: Mapping[str, Collection[str]],
    ) -> bool:
        """Return whether a finished segment matches."""
        return (
            (self.before is None or start <= self.before)
            and (self.after is None or end >= self.after)
            and all(any(same_id(text, segment_id) for text in ids) for ids in self.ids)
            and all(not wanted.isdisjoint(links[field]) for field, wanted in self.referring)
        )


def read_filters(query: ListQuery, reader: Reader) -> SegmentFilters:
    """Read all parameters; an empty value counts as absent. Raises InvalidFilter."""
    conditions = [
        condition(values, reader)
        for name, condition in _SERIES_CONDITIONS.items()
        for values in _lists(query, name)
    ]
    meters = [
        _visible_meters(values, reader, field_id)
        for name, field_id in _METER_PARAMETERS.items()
        for values in _lists(query, name)
    ]
    ids = tuple(frozenset(values) for values in _lists(query, "cds_usagesegment_ids"))
    sections = [
        _visible_sections(values, reader) for values in _lists(query, "cds_billsection_ids")
    ]
    conditions += [_measured_by(found) for found in meters]
    conditions += [Q(contract_id__in=NOTHING.union(*found.values())) for found in sections]
    if ids:
        conditions.append(_holding(ids))
    series: Q | None = None
    if conditions:
        contracts = GrantedObject.objects.filter(grant=reader.grant, kind=Name.CONTRACT)
        series = Q(contract_id__in=contracts.values("object_id"))
        for condition in conditions:
            series &= condition
    befores, afters = (_instants(query, name) for name in ("before", "after"))
    return SegmentFilters(
        series=series,
        ids=ids,
        referring=(
            *((METER_DEVICE.related, frozenset(found.values())) for found in meters),
            *((BILL_SECTION.related, frozenset(found)) for found in sections),
        ),
        before=min(befores, default=None),
        after=max(afters, default=None),
    )


def _lists(query: ListQuery, name: str) -> list[list[str]]:
    return [split_ids(text, name=name) for text in query.texts(name)]


def _instants(query: ListQuery, name: str) -> list[datetime]:
    texts = query.texts(name)
    try:
        # The database takes offsets below 16 hours only.
        return [parse_instant(text, name=name).astimezone(UTC) for text in texts]
    except OverflowError:
        raise InvalidFilter(f"{name} is outside the range of dates.", field=name) from None


def _visible(reader: Reader, kind: str) -> Any:
    return reader.granted(kind).values("object_id")


def _account_ids(values: list[str], reader: Reader) -> Q:
    visible = _visible(reader, Name.ACCOUNT)
    return Q(account__cds_account_id__in=values, account_id__in=visible)


def _account_numbers(values: list[str], reader: Reader) -> Q:
    """Match accounts and contracts that show this account number (10.1.1, 10.2.1)."""
    condition = Q(account_number__in=values)
    of_accounts = reader.field_matches(Name.ACCOUNT, "include_account_numbers", condition)
    return of_accounts | reader.account_number_matches(condition)


def _contract_ids(values: list[str], reader: Reader) -> Q:
    visible = _visible(reader, Name.CONTRACT)
    return Q(contract__cds_servicecontract_id__in=values, contract_id__in=visible)


def _contract_numbers(values: list[str], reader: Reader) -> Q:
    condition = Q(contract_number__in=values)
    return reader.field_matches(Name.CONTRACT, "include_contract_numbers", condition)


def _point_ids(values: list[str], reader: Reader) -> Q:
    visible = _visible(reader, Name.SERVICE_POINT)
    return Q(service_point__cds_servicepoint_id__in=values, service_point_id__in=visible)


def _point_numbers(values: list[str], reader: Reader) -> Q:
    found = reader.visible(SERVICE_POINT).filter(servicepoint_number__in=values)
    return Q(service_point_id__in=found.values("service_point_id"))


def _none(values: list[str], reader: Reader) -> Q:
    """Match nothing: usage does not belong to aggregations."""
    return _NOTHING


_SERIES_CONDITIONS: dict[str, Condition] = {
    "cds_account_ids": _account_ids,
    "account_numbers": _account_numbers,
    "cds_servicecontract_ids": _contract_ids,
    "contract_numbers": _contract_numbers,
    "cds_servicepoint_ids": _point_ids,
    "servicepoint_numbers": _point_numbers,
    # Not in 10.8.8, but related_aggregations asks for them (decision 38).
    "cds_aggregation_ids": _none,
    "aggregation_numbers": _none,
}
# The standard writes both names of the number (decision 38); None is the id.
_METER_PARAMETERS: dict[str, str | None] = {
    "cds_meterdevice_ids": None,
    "meter_numbers": "include_meter_numbers",
    "meter_number": "include_meter_numbers",
}


def _visible_meters(values: list[str], reader: Reader, field_id: str | None) -> dict[int, str]:
    """Return the public ids, by primary key, of the requested meters that the token can see."""
    meters = MeterDevice.objects.filter(pk__in=_visible(reader, Name.METER))
    if field_id is None:
        meters = meters.filter(cds_meterdevice_id__in=values)
    else:
        matching = reader.field_matches(Name.METER, field_id, Q(meter_number__in=values))
        versions = MeterDeviceVersion.objects.filter(matching)
        meters = meters.filter(pk__in=versions.values("meter_id"))
    return dict(meters.values_list("pk", "cds_meterdevice_id"))


def _visible_sections(values: list[str], reader: Reader) -> dict[str, list[int]]:
    """Return the contracts, by public id, of the requested bill sections that the token sees."""
    public_id = BILL_SECTION.public_id_of_owner
    rows = reader.visible(BILL_SECTION).filter(**{f"{public_id}__in": values})
    return dict(rows.values_list(public_id, "contracts"))


def _measured_by(meters: dict[int, str]) -> Q:
    """Series of these meters, and series with a format that names one of them."""
    condition = Q(meter_id__in=list(meters))
    for public_id in meters.values():
        condition |= Q(columns__contains=[{"related_meterdevices": [public_id]}])
        condition |= Q(columns__contains=[{"related_meterdevice": public_id}])
    return condition


def _holding(ids: tuple[frozenset[str], ...]) -> Q:
    """Series with the packs of these segment ids; the id gives the month to search."""
    months: dict[tuple[datetime, datetime], set[str]] = {}
    for base_id in {base_segment_id(text) for texts in ids for text in texts}:
        month = segment_id_month(base_id)
        if month is not None:
            months.setdefault(month, set()).add(base_id)
    wanted = _NOTHING
    for (start, end), base_ids in months.items():
        low, high = start - _MONTH_SLACK, end + _MONTH_SLACK
        wanted |= Q(public_id__in=base_ids, segment_start__gte=low, segment_start__lt=high)
    packs = UsagePack.objects.filter(wanted).values_list("series_id", flat=True)
    return Q(pk__in=list(packs.distinct()))
