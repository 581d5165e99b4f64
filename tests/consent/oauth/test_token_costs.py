"""What a client credentials request refuses at once, and what the frequent requests cost."""

import pytest

from consent.models import AccessToken
from tests.consent.oauth.support import ask_token, post

pytestmark = pytest.mark.usefixtures("prepared_or_plain")

ASK = {"grant_type": "client_credentials", "scope": "cds_client_admin"}


@pytest.fixture
def answer(acme):
    """Return the answer to a first request, which makes the Grant and notes the day of use."""
    return ask_token(acme.admin_credential, **ASK).json()


def test_a_repeated_request_takes_four_statements(acme, answer, django_assert_num_queries):
    """Credential, offered scopes, Grant, and the new row: nothing is locked or written besides."""
    with django_assert_num_queries(4) as done:
        assert ask_token(acme.admin_credential, **ASK).status_code == 200
    assert [query["sql"].split()[0] for query in done.captured_queries] == [
        "SELECT",
        "SELECT",
        "SELECT",
        "INSERT",
    ]


def test_asking_about_an_own_token_takes_two_statements(acme, answer, django_assert_num_queries):
    """The Credential, and the token with what its life depends on."""
    with django_assert_num_queries(2):
        shown = post("/oauth/introspect", acme.admin_credential, token=answer["access_token"])
    assert shown.json()["client_id"] == acme.admin.client_id


def test_a_client_keeps_to_its_grant_types(acme):
    """A secret is not enough (RFC 6749 5.2)."""
    acme.admin.grant_types = ["authorization_code"]
    acme.admin.save()
    response = ask_token(acme.admin_credential, **ASK)
    assert response.status_code == 400
    assert response.json()["error"] == "unauthorized_client"
    assert not AccessToken.objects.exists()


def test_an_empty_list_of_details_asks_for_nothing(acme):
    """It was said what is wanted, so no default stands in."""
    response = ask_token(
        acme.admin_credential, grant_type="client_credentials", authorization_details="[]"
    )
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_scope"
