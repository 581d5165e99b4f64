"""A registration request becomes one value (CDS-WG1-02 4.1, RFC 7591 2)."""

import pytest

from registration.errors import InvalidClientMetadata
from registration.services.catalogue.offers import current_offers
from registration.services.registering.parse_registration import parse_registration
from tests.registration.onboarding_support import offer_with

pytestmark = pytest.mark.django_db

PAYLOAD = {
    "scope": "cds_client_admin cds_usage",
    "client_name": " Solar Helper ",
    "contacts": ["ops@solar.example"],
    "token_endpoint_auth_method": "client_secret_basic",
    "redirect_uris": "ignored",
    "unknown": 1,
}


def parsed(**fields):
    """The request with some fields changed."""
    return parse_registration(PAYLOAD | fields, current_offers())


def test_all_that_a_registration_needs_is_read_once():
    """Texts are stripped, needed scopes added, steps named; redirect_uris are ignored."""
    offer_with("terms_form", optional=("company_kind",))
    request = parsed(cds_company_kind="public_body")
    assert request.metadata.client_name == "Solar Helper"
    assert request.metadata.contacts == ("ops@solar.example",)
    assert request.scopes == ["cds_client_admin", "cds_usage", "cds_grant_admin_1"]
    assert request.auth_method == "client_secret_basic"
    assert request.values == {"company_kind": "public_body"}
    assert request.purposes == []
    assert request.flows == {"terms_form": ["cds_usage"]}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"scope": "cds_usage"}, "scope"),
        ({"scope": "cds_client_admin cds_magic"}, "scope"),
        ({"grant_types": "code"}, "grant_types"),
        ({"token_endpoint_auth_method": "tls"}, "token_endpoint_auth_method"),
        ({"contacts": ["tel:1"]}, "contacts"),
    ],
)
def test_the_first_wrong_field_is_named(fields, wrong):
    """So that a developer finds it."""
    offer_with("email_verification")
    with pytest.raises(InvalidClientMetadata) as error:
        parsed(**fields)
    assert error.value.field == wrong
