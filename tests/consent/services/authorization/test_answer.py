"""Answers through the customer's browser (RFC 6749 4.1.2, RFC 9207)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from consent.models import AuthorizationCode
from consent.pages.authorization.views import send
from consent.services.authorization.answer import (
    WaitsForAnother,
    answer_url,
    answer_with_code,
    answer_with_error,
)
from tests.consent.oauth.support import answer_of
from tests.factories.consent import AuthorizationRequestFactory, CustomerFactory, GrantFactory


def test_the_answer_keeps_what_the_client_put_into_its_uri():
    """RFC 6749 3.1.2: the query of a redirect URI stays."""
    url = answer_url("https://a.example/cb?tenant=7&x=%20", code="c d", state="s=1")
    assert url.startswith("https://a.example/cb?tenant=7&x=%20&")
    assert dict(parse_qsl(urlsplit(url).query)) == {
        "tenant": "7",
        "x": " ",
        "code": "c d",
        "state": "s=1",
        "iss": "http://testserver",
    }


def test_a_foreign_iss_in_the_uri_goes():
    """RFC 9207: one issuer, ours."""
    url = answer_url("https://a.example/cb?iss=https%3A%2F%2Fevil.example&t=1", code="c")
    assert parse_qsl(urlsplit(url).query) == [
        ("t", "1"),
        ("code", "c"),
        ("iss", "http://testserver"),
    ]


@pytest.mark.parametrize(
    "uri", ["com.example.app:/cb", "com.example.app://cb/x", "http://[::1]:5000/cb"]
)
def test_native_apps_are_answered(uri):
    """RFC 8252 7: schemes of their own and loopback addresses."""
    url = answer_url(uri, code="c")
    assert url == f"{uri}?code=c&iss=http%3A%2F%2Ftestserver"
    assert send(url)["Location"] == url


def approve(request):
    user = CustomerFactory.create()
    grant = GrantFactory.create(client=request.client, user=user)
    return answer_with_code(request=request, grant=grant, user=user), grant


@pytest.mark.django_db
def test_approval_closes_the_request():
    """Who, what and when is kept; the code itself is not readable in the row."""
    request = AuthorizationRequestFactory.create()
    url, grant = approve(request)
    answer = answer_of(url)
    assert answer["state"] == "state-1"
    assert answer["iss"] == "http://testserver"
    request.refresh_from_db()
    assert (request.outcome, request.grant, request.user) == ("approved", grant, grant.user)
    assert answer["code"] not in request.answer_ciphertext


@pytest.mark.django_db
def test_a_second_submit_of_the_same_person_gets_the_first_answer():
    """A double click must not make a second code, nor a decline after an approval."""
    request = AuthorizationRequestFactory.create()
    url, grant = approve(request)
    assert answer_with_code(request=request, grant=grant, user=grant.user) == url
    late: dict[str, Any] = {"request": request, "error": "access_denied", "description": "no"}
    assert answer_with_error(user=grant.user, **late) == url
    for stranger in (CustomerFactory.create(), None):
        with pytest.raises(WaitsForAnother):
            answer_with_error(user=stranger, **late)
    with pytest.raises(WaitsForAnother):
        approve(request)
    assert AuthorizationCode.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "outcome"), [("access_denied", "declined"), ("server_error", "failed")]
)
def test_an_error_closes_the_request(error, outcome):
    """The client learns it with its state."""
    request = AuthorizationRequestFactory.create()
    answer = answer_of(
        answer_with_error(request=request, user=None, error=error, description="Näh.")
    )
    assert answer["error"] == error
    assert answer["error_description"] == "N?h."
    assert answer["state"] == "state-1"
    request.refresh_from_db()
    assert request.outcome == outcome


@pytest.mark.django_db
def test_without_state_none_is_sent():
    """RFC 6749 4.1.2: only what the client sent."""
    request = AuthorizationRequestFactory.create()
    request.params = {**request.params, "state": None}
    request.save()
    assert "state" not in answer_of(approve(request)[0])
