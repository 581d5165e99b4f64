"""Responses sealed for one device (CDS-WG3-01 7.4.6)."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from joserfc import jwe
from joserfc.jwk import ECKey
from rest_framework.exceptions import NotAcceptable
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate

from consent.catalogue.demo_offers import demo_offers
from customerdata.api.encryption import EncryptedView, grant_key
from portal.http.listing import InvalidFilter
from portal.http.ratelimits import TooManyRequests
from portal.values import jsontext
from registration.catalogue.jwk import check_public_key
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.listing import BASE, Bearer
from tests.customerdata.api.segments_world import get, grant_over, series_of, usage, write
from tests.factories.consent import GrantFactory, token_for
from tests.factories.customerdata import Household

pytestmark = pytest.mark.django_db


def new_key(curve="P-256"):
    """A device's key pair, and its public half as a client sends it."""
    pair = ECKey.generate_key(curve, {"use": "enc", "kid": "phone"}, private=True)
    return pair, check_public_key(pair.as_dict(private=False))


def opened(response, pair):
    """The JSON inside a sealed response, with its header."""
    assert response["Content-Type"] == "application/jose"
    sealed = jwe.decrypt_compact(response.content, pair)
    return sealed.headers(), jsontext.loads(sealed.plaintext or b"")


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
@pytest.mark.spec("WG3-01 7.4.6 g", "WG3-01 7.4.6 j")
def test_a_stream_of_segments_is_sealed(curve):
    """Compact JWE, ECDH-ES with A256GCM (decision 20); nothing readable is left."""
    load_offers(demo_offers().values())
    home = Household()
    write(series_of(home.services[0]), [1])
    pair, public = new_key(curve)
    response = get(grant_over(home, usage(jwk=public)))
    assert b"usage_segments" not in response.content
    assert response.content.count(b".") == 4
    headers, body = opened(response, pair)
    assert (headers["alg"], headers["enc"], headers["kid"]) == ("ECDH-ES", "A256GCM", "phone")
    assert len(body["usage_segments"]) == 1


@pytest.mark.parametrize(
    "listing", ["accounts", "service-contracts", "service-points", "meter-devices"]
)
@pytest.mark.spec("WG3-01 7.4.6 j")
def test_every_listing_is_sealed(listing):
    """One listing in clear would give away what the others hide."""
    load_offers(demo_offers().values())
    home = Household()
    pair, public = new_key()
    http = APIClient()
    caller: Any = Bearer(grant_over(home, usage(jwk=public)), frozenset({"cds_usage"}))
    http.force_authenticate(user=caller)
    response = http.get(f"/cds-customerdata-api/v1/{listing}")
    (rows, *_) = opened(response, pair)[1].values()
    assert len(rows) >= 1


FAILURES: dict[str, tuple[int, Exception]] = {
    "InvalidFilter": (400, InvalidFilter("cursor was not issued by this server for this listing.")),
    "PermissionDenied": (403, PermissionDenied()),
    "NotFound": (404, Http404()),
    "NotAcceptable": (406, NotAcceptable()),
    "TooManyRequests": (429, TooManyRequests(7)),
    "RuntimeError": (500, RuntimeError("broken")),
}


class Plain(EncryptedView):
    """A view as the other listings are."""

    def get(self, request):
        """Answer something, or fail."""
        if "fail" in request.GET:
            raise FAILURES[request.GET["fail"]][1]
        status = int(request.GET.get("status", 200))
        return Response({"accounts": []} if status == 200 else None, status)


def ask(grant, query="", method="get"):
    """Ask the plain view."""
    request = getattr(APIRequestFactory(), method)(f"/?{query}")
    bearer: Any = Bearer(grant, frozenset())
    force_authenticate(request, user=bearer)
    return Plain.as_view()(request)


@pytest.fixture
def device():
    """A device's key pair, and a Grant that is for it."""
    pair, public = new_key()
    details = [{"type": "a"}, {"type": "b", "jwk": public}]
    return pair, GrantFactory.create(authorization_details=details)


def test_ordinary_responses_are_sealed(device):
    """Whichever listing answers."""
    pair, grant = device
    assert opened(ask(grant), pair)[1] == {"accounts": []}


@pytest.mark.spec("WG3-01 7.4.6 j")
@pytest.mark.parametrize("failure", FAILURES)
def test_errors_are_sealed(device, failure):
    """They say what was asked for, or what there is; the status is for the client."""
    pair, grant = device
    response = ask(grant, f"fail={failure}")
    body = opened(response, pair)[1]
    assert response.status_code == FAILURES[failure][0]
    assert {"error", "error_description"} <= body.keys()


def test_a_wrong_method_is_sealed(device):
    """The token was looked at before the method."""
    pair, grant = device
    response = ask(grant, method="post")
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert opened(response, pair)[1]["error"] == "method_not_allowed"


@pytest.mark.parametrize("status", [204, 304])
def test_what_has_no_body_gets_none(device, status):
    """Nor a type of what is not there."""
    response = ask(device[1], f"status={status}").render()
    assert response.content == b""


def test_head_says_the_type_and_sends_nothing(device):
    """As GET would, without the work."""
    response = ask(device[1], method="head")
    assert (response["Content-Type"], response.content) == ("application/jose", b"")


def sealed_token():
    """A device's key pair, and headers with a token of a Grant for it."""
    load_offers(demo_offers().values())
    pair, public = new_key()
    grant = grant_over(Household(), usage(jwk=public))
    return pair, {"Authorization": f"Bearer {token_for(grant)}"}


def test_a_real_refusal_and_a_used_up_limit_are_sealed(client, settings, stopped_clock):
    """Also what the framework answers before the view: the throttle, with its headers."""
    pair, headers = sealed_token()
    refused = client.get(f"{BASE}/usage-segments?cursor=x", headers=headers)
    assert (refused.status_code, opened(refused, pair)[1]["field"]) == (400, "cursor")
    rates = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] | {"api": "1/day"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"DEFAULT_THROTTLE_RATES": rates}
    client.get(f"{BASE}/accounts", headers=headers)
    slow = client.get(f"{BASE}/accounts", headers=headers)
    assert (slow.status_code, opened(slow, pair)[1]["error"]) == (429, "slow_down")
    assert int(slow["Retry-After"]) > 0


def test_before_the_token_is_known_errors_are_in_clear(client):
    """Nobody knows for whom: no token, a dead one, and paths where there is nothing."""
    _, headers = sealed_token()
    dead = {"Authorization": "Bearer dead"}
    for path, sent, status in (
        ("accounts", {}, 401),
        ("accounts", dead, 401),
        ("nothing", headers, 404),
    ):
        answer = client.get(f"{BASE}/{path}", headers=sent)
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
        assert answer.json()["error"]


@pytest.mark.spec("WG3-01 7.4.6 e")
def test_without_a_key_nothing_changes():
    """The default is HTTPS alone."""
    grant = GrantFactory.create(authorization_details=[{"type": "a", "jwk": None}])
    assert grant_key(grant) is None
    assert ask(grant).render().content == b'{"accounts":[]}'
    assert ask(grant, "fail=NotFound").render()["Content-Type"] == "application/json"
