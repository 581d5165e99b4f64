"""Customer data travels compressed to clients that ask for it."""

import gzip
from typing import Any

import pytest
from joserfc.jwk import ECKey
from rest_framework.test import APIClient

from consent.catalogue.demo_offers import demo_offers
from registration.catalogue.jwk import check_public_key
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.listing import Bearer
from tests.customerdata.api.segments_world import URL, grant_over, series_of, usage, write
from tests.factories.customerdata import Household

pytestmark = pytest.mark.django_db


@pytest.fixture
def home():
    """A home with four services and a day of quarter hours."""
    load_offers(demo_offers().values())
    home = Household(services=4)
    write(series_of(home.services[0]), list(range(96)))
    return home


def fetch(grant, path, **headers):
    """Return a response and its whole body."""
    http = APIClient()
    bearer: Any = Bearer(grant, frozenset(grant.scope.split()))
    http.force_authenticate(user=bearer)
    response = http.get(path, headers=headers)
    assert response.status_code == 200
    return response, b"".join(response) if response.streaming else response.content


@pytest.mark.parametrize("path", [URL, "/cds-customerdata-api/v1/service-contracts"])
def test_the_same_text_in_fewer_bytes(home, path):
    """Streams and ready bodies alike; a length, where told, is that of what is sent."""
    grant = grant_over(home, usage())
    plain, text = fetch(grant, path)
    packed, body = fetch(grant, path, accept_encoding="gzip, deflate")
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert len(body) < len(text)
    assert gzip.decompress(body) == text
    assert int(packed.get("Content-Length", len(body))) == len(body)
    assert all("Accept-Encoding" in answer["Vary"] for answer in (plain, packed))


def test_what_is_sealed_is_not_compressed(home):
    """Encrypted text has nothing left to save."""
    device = check_public_key(
        ECKey.generate_key("P-256", {"use": "enc"}, private=True).as_dict(private=False)
    )
    sealed, _ = fetch(grant_over(home, usage(jwk=device)), URL, accept_encoding="gzip")
    assert sealed["Content-Type"] == "application/jose"
    assert "Content-Encoding" not in sealed
