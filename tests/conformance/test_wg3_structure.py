"""Accounts, contracts, service points and meters (CDS-WG3-01 10.1 to 10.4)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from consent.catalogue.access import gated_fields
from consent.models import Grant
from customerdata.access.compute import compute_grant
from customerdata.api.accounts import AccountsView
from customerdata.api.base import StructureListView
from customerdata.api.meter_devices import MeterDevicesView
from customerdata.api.service_contracts import ServiceContractsView
from customerdata.api.service_points import ServicePointsView
from registration.catalogue.types import fields
from tests.customerdata.api.listing import ask
from tests.factories.customerdata import Household, chosen, contract_entry, make_grant

pytestmark = pytest.mark.django_db

STANDARD: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "spec" / "listings.json").read_text()
)["listings"]


@dataclass(frozen=True)
class Listing:
    """A listing of the standard, the sections about it, and what its objects always have."""

    name: str
    view: type[StructureListView]
    listing_section: str
    object_section: str
    object_name: str
    required: frozenset[str]

    @property
    def standard(self) -> dict[str, Any]:
        """Return what the standard says of the listing."""
        said: dict[str, Any] = STANDARD[self.name.replace("-", "_")]
        return said


BASE = frozenset({"cds_created", "cds_modified", "cds_synced"})
LISTINGS = (
    Listing(
        "accounts",
        AccountsView,
        "10.1.10",
        "10.1.1",
        "Account",
        BASE | {"cds_account_id", "cds_account_parent"},
    ),
    Listing(
        "service-contracts",
        ServiceContractsView,
        "10.2.7",
        "10.2.1",
        "ServiceContract",
        BASE
        | {
            "cds_servicecontract_id",
            "cds_account_id",
            "contract_types",
            "contract_status",
            "service_types",
        },
    ),
    Listing(
        "service-points",
        ServicePointsView,
        "10.3.5",
        "10.3.1",
        "ServicePoint",
        BASE
        | {
            "cds_servicepoint_id",
            "servicepoint_number",
            "servicepoint_types",
            "current_servicecontracts",
            "previous_servicecontracts",
        },
    ),
    Listing(
        "meter-devices",
        MeterDevicesView,
        "10.4.5",
        "10.4.1",
        "MeterDevice",
        BASE
        | {
            "cds_meterdevice_id",
            "meter_types",
            "current_servicepoints",
            "previous_servicepoints",
        },
    ),
)


def each(section: str, rule: str) -> Any:
    """Run a test for every listing, as a test of the rule in that listing's own section."""
    return pytest.mark.parametrize(
        "listing",
        [
            pytest.param(
                item,
                id=item.name,
                marks=pytest.mark.spec("CDS-WG3-01", getattr(item, section), rule),
            )
            for item in LISTINGS
        ],
    )


def everything_granted() -> Grant:
    """A Grant over a household's service with every include field of structure on."""
    home = Household()
    names = {item.object_name for item in LISTINGS}
    includes = [
        entry.id
        for entry in fields().values()
        if set(entry.turns_on.objects) & names or set(entry.turns_on.fields) & names
    ]
    grant = make_grant(home.user, (contract_entry(*includes), chosen(*home.contract_ids(0))))
    compute_grant(grant)
    return grant


@each("listing_section", "every URL parameter of the listing is supported")
def test_parameters(listing):
    """An unknown parameter would be ignored, and with it the client's wish."""
    named = {parameter["name"] for parameter in listing.standard["parameters"]}
    assert named <= {item.name for item in listing.view.reader_filters}


@each("listing_section", "latest changes first")
def test_order(listing):
    """cds_modified, descending; the id breaks ties."""
    assert listing.standard["order"] == [["cds_modified", "desc"]]
    first = listing.view.order[0]
    assert (first.column, first.descending) == ("arrived", True)


@each("object_section", "required fields always, optional ones when enabled")
def test_object(listing):
    """With every include field on, the object has all fields of the standard and no other."""
    body = ask(everything_granted(), listing.name)
    envelope = listing.standard["envelope_key"]
    assert set(body) == {envelope, "next", "previous"}
    assert body["next"] is None
    assert body["previous"] is None
    (item,) = body[envelope]
    assert set(item) == listing.required | set(gated_fields(listing.object_name))
