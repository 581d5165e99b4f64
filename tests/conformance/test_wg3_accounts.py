"""Account listing of CDS-WG3-01 10.1.10."""

import pytest

from customerdata.api.accounts import AccountsView
from tests.conformance.wg3_structure import (
    LISTINGS,
    everything_granted,
    optional_fields,
    parameters,
)
from tests.customerdata.api.listing import ask

pytestmark = pytest.mark.django_db

REQUIRED = {
    "cds_account_id",
    "cds_created",
    "cds_modified",
    "cds_synced",
    "cds_account_parent",
}


@pytest.mark.spec("CDS-WG3-01", "10.1.10", "every URL parameter of the listing is supported")
def test_parameters():
    """An unknown parameter would be ignored, and with it the client's wish."""
    assert parameters("accounts") <= {item.name for item in AccountsView.reader_filters}


@pytest.mark.spec("CDS-WG3-01", "10.1.10", "latest changes first")
def test_order():
    """cds_modified, descending; the id breaks ties."""
    assert LISTINGS["accounts"]["order"] == [["cds_modified", "desc"]]
    first = AccountsView.order[0]
    assert (first.column, first.descending) == ("arrived", True)


@pytest.mark.spec("CDS-WG3-01", "10.1.1", "required fields always, optional ones when enabled")
def test_object():
    """With every include field on, the object has all fields of the standard and no other."""
    _, grant = everything_granted()
    body = ask(grant, "accounts")
    assert set(body) == {LISTINGS["accounts"]["envelope_key"], "next", "previous"}
    assert body["next"] is None
    assert body["previous"] is None
    (item,) = body[LISTINGS["accounts"]["envelope_key"]]
    assert set(item) == REQUIRED | optional_fields("Account")
