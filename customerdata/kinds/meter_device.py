"""Meter devices (CDS-WG3-01 10.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from consent.catalogue.selection import SelectionType
from customerdata.kinds.base import Link, Name, ReaderFilter, Sees, Shown, VersionedKind
from customerdata.kinds.filters import NEWEST_FIRST, listed, optional, referring
from customerdata.kinds.search import contains, text_of
from customerdata.kinds.state import State
from customerdata.kinds.wire import base_fields, known
from customerdata.models import MeterDevice, MeterDeviceVersion, ServicePoint

_NUMBERS = "include_meter_numbers"
_APPS = "include_meter_apps"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterState(State):
    """What the source says about a meter (10.4.1)."""

    meter_number: str
    types: Sequence[str]
    current_service_points: Sequence[ServicePoint] = ()
    previous_service_points: Sequence[ServicePoint] = ()
    apps: Sequence[Mapping[str, Any]] = ()


def _search(raw: str, sees: Sees) -> Q:
    text = text_of(raw)
    return contains(text, "meter__cds_meterdevice_id") | sees.field_matches(
        Name.METER, _NUMBERS, contains(text, "meter_number")
    )


def _represent(page: Sequence[Shown], sees: Sees) -> list[Mapping[str, Any]]:
    keys = [
        key
        for shown in page
        for key in (*shown.base.current_service_points, *shown.base.previous_service_points)
    ]
    ids = sees.visible_ids(Name.SERVICE_POINT, keys)
    return [_meter(shown, ids) for shown in page]


def _meter(shown: Shown, points: Mapping[int, str]) -> Mapping[str, Any]:
    base = shown.base
    result = base_fields(shown, base.meter, "cds_meterdevice_id")
    if numbered := shown.at(_NUMBERS):
        result["meter_number"] = numbered.meter_number or None
    result["meter_types"] = base.types
    result["current_servicepoints"] = known(base.current_service_points, points)
    result["previous_servicepoints"] = known(base.previous_service_points, points)
    if equipped := shown.at(_APPS):
        result["meter_apps"] = equipped.apps
    return result


METER_DEVICE = VersionedKind(
    name=Name.METER.value,
    object_name="MeterDevice",
    section="10.4",
    include="include_meter_devices",
    metadata="cds_meterdevices_api",
    path="meter-devices",
    envelope="meter_devices",
    public_id="cds_meterdevice_id",
    related="related_meterdevices",
    identity=MeterDevice,
    version=MeterDeviceVersion,
    owner="meter",
    state=MeterState,
    number="meter_number",
    links=(
        Link("current_service_points", Name.SERVICE_POINT),
        Link("previous_service_points", Name.SERVICE_POINT),
    ),
    selection=SelectionType.METER_DEVICE.value,
    is_place=True,
    filters=(
        listed("cds_meterdevice_ids", "meter__cds_meterdevice_id__in"),
        # The standard writes both names (decision 38).
        optional("meter_number", "meter_number__in", _NUMBERS, Name.METER),
        optional("meter_numbers", "meter_number__in", _NUMBERS, Name.METER),
        referring("current_servicepoints", "current_service_points", Name.SERVICE_POINT),
        referring("previous_servicepoints", "previous_service_points", Name.SERVICE_POINT),
        ReaderFilter("q", _search),
    ),
    order=(NEWEST_FIRST,),
    represent=_represent,
)
