"""The Meter Devices API (CDS-WG3-01 10.4)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from customerdata.access.reading import METERS, SERVICE_POINTS, Reader, Shown
from customerdata.api.base import (
    ReaderFilter,
    StructureListView,
    base_fields,
    known,
    listed,
    optional,
    referring,
)
from customerdata.api.search import contains, text_of

_NUMBERS = "include_meter_numbers"
_APPS = "include_meter_apps"
_POINT_ID = "cds_servicepoint_id"


def _search(raw: str, reader: Reader) -> Q:
    text = text_of(raw)
    return contains(text, "meter__cds_meterdevice_id") | reader.field_matches(
        METERS, _NUMBERS, contains(text, "meter_number")
    )


class MeterDevicesView(StructureListView):
    """GET: the meters that the token gives access to (CDS-WG3-01 10.4.5)."""

    envelope = "meter_devices"
    shape = METERS
    public_id = "cds_meterdevice_id"
    reader_filters = (
        listed("cds_meterdevice_ids", "meter__cds_meterdevice_id__in"),
        # The standard writes both names (decision 38).
        optional("meter_number", "meter_number__in", _NUMBERS, METERS),
        optional("meter_numbers", "meter_number__in", _NUMBERS, METERS),
        referring("current_servicepoints", "current_service_points", SERVICE_POINTS, _POINT_ID),
        referring("previous_servicepoints", "previous_service_points", SERVICE_POINTS, _POINT_ID),
        ReaderFilter("q", _search),
    )

    def objects(self, page: list[Shown], reader: Reader) -> list[Mapping[str, Any]]:
        """Return Meter Device objects (10.4.1)."""
        keys = [
            key
            for shown in page
            for key in (*shown.base.current_service_points, *shown.base.previous_service_points)
        ]
        ids = reader.visible_ids(SERVICE_POINTS, _POINT_ID, keys)
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
