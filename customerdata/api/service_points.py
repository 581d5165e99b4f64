"""The Service Points API (CDS-WG3-01 10.3)."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q

from customerdata.access.reading import CONTRACTS, SERVICE_POINTS, Reader, Shown
from customerdata.api.base import (
    ReaderFilter,
    StructureListView,
    base_fields,
    known,
    listed,
    referring,
)
from customerdata.api.search import contains, item_contains, text_of

_ADDRESSES = "include_service_point_addresses"
_COORDINATES = "include_coordinates"
_PREMISES = "include_premises"
_CONTRACT_ID = "cds_servicecontract_id"


def _search(raw: str, reader: Reader) -> Q:
    text = text_of(raw)
    return (
        contains(text, "service_point__cds_servicepoint_id", "servicepoint_number")
        | reader.field_matches(SERVICE_POINTS, _ADDRESSES, contains(text, "address"))
        | reader.field_matches(
            SERVICE_POINTS, _PREMISES, item_contains(text, "premises", "premise_number")
        )
    )


class ServicePointsView(StructureListView):
    """GET: the service points that the token gives access to (CDS-WG3-01 10.3.5)."""

    envelope = "service_points"
    shape = SERVICE_POINTS
    public_id = "cds_servicepoint_id"
    reader_filters = (
        listed("cds_servicepoint_ids", "service_point__cds_servicepoint_id__in"),
        listed("servicepoint_numbers", "servicepoint_number__in"),
        referring("current_servicecontracts", "current_contracts", CONTRACTS, _CONTRACT_ID),
        referring("previous_servicecontracts", "previous_contracts", CONTRACTS, _CONTRACT_ID),
        ReaderFilter("q", _search),
    )

    def objects(self, page: list[Shown], reader: Reader) -> list[Mapping[str, Any]]:
        """Return Service Point objects (10.3.1)."""
        keys = [
            key
            for shown in page
            for key in (*shown.base.current_contracts, *shown.base.previous_contracts)
        ]
        ids = reader.visible_ids(CONTRACTS, _CONTRACT_ID, keys)
        return [_service_point(shown, ids) for shown in page]


def _service_point(shown: Shown, contracts: Mapping[int, str]) -> Mapping[str, Any]:
    base = shown.base
    result = base_fields(shown, base.service_point, "cds_servicepoint_id")
    result["servicepoint_number"] = base.servicepoint_number or None
    result["servicepoint_types"] = base.types
    if placed := shown.at(_ADDRESSES):
        result["servicepoint_address"] = placed.address or None
    if located := shown.at(_COORDINATES):
        result["latitude"] = located.latitude
        result["longitude"] = located.longitude
    result["current_servicecontracts"] = known(base.current_contracts, contracts)
    result["previous_servicecontracts"] = known(base.previous_contracts, contracts)
    if housed := shown.at(_PREMISES):
        result["premises"] = housed.premises
    return result
