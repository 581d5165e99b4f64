"""ServicePoint listing of CDS-WG3-01 10.3.5."""

import pytest

from customerdata.api.service_points import ServicePointsView
from tests.conformance.wg3_structure import (
    LISTINGS,
    everything_granted,
    optional_fields,
    parameters,
)
from tests.customerdata.api.listing import ask

pytestmark = pytest.mark.django_db

REQUIRED = {
    "cds_servicepoint_id",
    "cds_created",
    "cds_modified",
    "cds_synced",
    "servicepoint_number",
    "servicepoint_types",
    "current_servicecontracts",
    "previous_servicecontracts",
}


@pytest.mark.spec("CDS-WG3-01", "10.3.5", "every URL parameter of the listing is supported")
def test_parameters():
    """An unknown parameter would be ignored, and with it the client's wish."""
    assert parameters("service_points") <= {item.name for item in ServicePointsView.reader_filters}


@pytest.mark.spec("CDS-WG3-01", "10.3.5", "latest changes first")
def test_order():
    """cds_modified, descending; the id breaks ties."""
    assert LISTINGS["service_points"]["order"] == [["cds_modified", "desc"]]
    first = ServicePointsView.order[0]
    assert (first.column, first.descending) == ("arrived", True)


@pytest.mark.spec("CDS-WG3-01", "10.3.1", "required fields always, optional ones when enabled")
def test_object():
    """With every include field on, the object has all fields of the standard and no other."""
    _, grant = everything_granted()
    body = ask(grant, "service-points")
    assert set(body) == {LISTINGS["service_points"]["envelope_key"], "next", "previous"}
    assert body["next"] is None
    assert body["previous"] is None
    (item,) = body[LISTINGS["service_points"]["envelope_key"]]
    assert set(item) == REQUIRED | optional_fields("ServicePoint")
