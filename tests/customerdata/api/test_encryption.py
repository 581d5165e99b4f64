"""Responses sealed for one device (CDS-WG3-01 7.4.6)."""

from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey
from rest_framework.response import Response
from rest_framework.test import APIClient, APIRequestFactory, force_authenticate

from consent.catalogue.demo_offers import demo_offers
from customerdata.api.encryption import EncryptedView, grant_key
from portal import jsontext
from registration.catalogue.jwk import check_public_key
from registration.services.offers import load_offers
from tests.customerdata.api.listing import Bearer
from tests.customerdata.api.segments_world import get, grant_over, series_of, usage, write
from tests.factories.consent import GrantFactory
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
@pytest.mark.spec("WG3-01", "7.4.6", "responses are encrypted to the Grant's jwk")
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
@pytest.mark.spec("WG3-01", "7.4.6", "every customer data response is encrypted")
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


class Plain(EncryptedView):
    """A view as the other listings are."""

    def get(self, request):
        """Answer something, or fail."""
        return Response({"accounts": []}) if "ok" in request.GET else Response({}, 400)


def ask(grant, query):
    """Ask the plain view."""
    request = APIRequestFactory().get(f"/?{query}")
    bearer: Any = Bearer(grant, frozenset())
    force_authenticate(request, user=bearer)
    return Plain.as_view()(request)


def test_ordinary_responses_are_sealed_and_errors_stay_readable():
    """A client has to understand an error without the device."""
    pair, public = new_key()
    grant = GrantFactory(authorization_details=[{"type": "a"}, {"type": "b", "jwk": public}])
    assert opened(ask(grant, "ok"), pair)[1] == {"accounts": []}
    response = ask(grant, "").render()
    assert response["Content-Type"] == "application/json"


def test_without_a_key_nothing_changes():
    """The default is HTTPS alone."""
    grant = GrantFactory.create(authorization_details=[{"type": "a", "jwk": None}])
    assert grant_key(grant) is None
    assert ask(grant, "ok").render().content == b'{"accounts":[]}'
