"""MeterDevice listing of CDS-WG3-01 10.4.5."""

import pytest

from customerdata.api.meter_devices import MeterDevicesView
from tests.conformance.wg3_structure import (
    LISTINGS,
    everything_granted,
    optional_fields,
    parameters,
)
from tests.customerdata.api.listing import ask

pytestmark = pytest.mark.django_db

REQUIRED = {
    "cds_meterdevice_id",
    "cds_created",
    "cds_modified",
    "cds_synced",
    "meter_types",
    "current_servicepoints",
    "previous_servicepoints",
}


@pytest.mark.spec("CDS-WG3-01", "10.4.5", "every URL parameter of the listing is supported")
def test_parameters():
    """An unknown parameter would be ignored, and with it the client's wish."""
    assert parameters("meter_devices") <= {item.name for item in MeterDevicesView.reader_filters}


@pytest.mark.spec("CDS-WG3-01", "10.4.5", "latest changes first")
def test_order():
    """cds_modified, descending; the id breaks ties."""
    assert LISTINGS["meter_devices"]["order"] == [["cds_modified", "desc"]]
    first = MeterDevicesView.order[0]
    assert (first.column, first.descending) == ("arrived", True)


@pytest.mark.spec("CDS-WG3-01", "10.4.1", "required fields always, optional ones when enabled")
def test_object():
    """With every include field on, the object has all fields of the standard and no other."""
    _, grant = everything_granted()
    body = ask(grant, "meter-devices")
    assert set(body) == {LISTINGS["meter_devices"]["envelope_key"], "next", "previous"}
    assert body["next"] is None
    assert body["previous"] is None
    (item,) = body[LISTINGS["meter_devices"]["envelope_key"]]
    assert set(item) == REQUIRED | optional_fields("MeterDevice")
