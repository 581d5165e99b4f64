"""Service points (CDS-WG3-01 10.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Q

from consent.catalogue.selection import SelectionType
from customerdata.kinds.base import Link, Name, ReaderFilter, Sees, Shown, VersionedKind
from customerdata.kinds.filters import NEWEST_FIRST, listed, referring
from customerdata.kinds.search import contains, item_contains, text_of
from customerdata.kinds.state import InvalidStructure, State
from customerdata.kinds.wire import base_fields, known
from customerdata.models import ServiceContract, ServicePoint, ServicePointVersion

_ADDRESSES = "include_service_point_addresses"
_COORDINATES = "include_coordinates"
_PREMISES = "include_premises"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePointState(State):
    """What the source says about a service point (10.3.1)."""

    servicepoint_number: str
    types: Sequence[str]
    address: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    current_contracts: Sequence[ServiceContract] = ()
    previous_contracts: Sequence[ServiceContract] = ()
    premises: Sequence[Mapping[str, Any]] = ()

    def check(self) -> None:
        """Raises InvalidStructure if only one coordinate is known."""
        if (self.latitude is None) != (self.longitude is None):
            raise InvalidStructure(f"Service point {self.servicepoint_number} lacks a coordinate.")


def _search(raw: str, sees: Sees) -> Q:
    text = text_of(raw)
    return (
        contains(text, "service_point__cds_servicepoint_id", "servicepoint_number")
        | sees.field_matches(Name.SERVICE_POINT, _ADDRESSES, contains(text, "address"))
        | sees.field_matches(
            Name.SERVICE_POINT, _PREMISES, item_contains(text, "premises", "premise_number")
        )
    )


def _represent(page: Sequence[Shown], sees: Sees) -> list[Mapping[str, Any]]:
    keys = [
        key
        for shown in page
        for key in (*shown.base.current_contracts, *shown.base.previous_contracts)
    ]
    ids = sees.visible_ids(Name.CONTRACT, keys)
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


SERVICE_POINT = VersionedKind(
    name=Name.SERVICE_POINT.value,
    object_name="ServicePoint",
    section="10.3",
    include="include_service_points",
    metadata="cds_servicepoints_api",
    path="service-points",
    envelope="service_points",
    public_id="cds_servicepoint_id",
    related="related_servicepoints",
    identity=ServicePoint,
    version=ServicePointVersion,
    owner="service_point",
    state=ServicePointState,
    number="servicepoint_number",
    links=(Link("current_contracts", Name.CONTRACT), Link("previous_contracts", Name.CONTRACT)),
    selection=SelectionType.SERVICE_POINT.value,
    is_place=True,
    filters=(
        listed("cds_servicepoint_ids", "service_point__cds_servicepoint_id__in"),
        listed("servicepoint_numbers", "servicepoint_number__in"),
        referring("current_servicecontracts", "current_contracts", Name.CONTRACT),
        referring("previous_servicecontracts", "previous_contracts", Name.CONTRACT),
        ReaderFilter("q", _search),
    ),
    order=(NEWEST_FIRST,),
    represent=_represent,
)
