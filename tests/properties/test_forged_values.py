"""Values that we gave out and that come back bent: refused as wrong, never an error of ours."""

import base64
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client as Browser
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from consent.catalogue.demo_offers import demo_offers
from consent.services.authorization.request import REQUEST_URI
from portal.http.listing import Cursor
from registration.models import Client
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import grant_over, series_of, usage, write
from tests.factories.consent import token_for
from tests.factories.customerdata import Household
from tests.properties.forgeries import contents, forged_cursors, opaque
from tests.properties.listings import listing_views
from tests.properties.parties import make_party

pytestmark = pytest.mark.django_db
# Fixtures stay as they are from one example to the next: nothing here writes.
reading = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
MESSAGE_LISTS = ("outstanding", "unread", "read")
SEGMENTS = "/cds-customerdata-api/v1/usage-segments"
A_PLACE = Cursor((timezone.now().isoformat(), 1), backwards=False)


@pytest.fixture
def callers() -> dict[str, Any]:
    """Who may call each listing."""
    load_offers(demo_offers().values())
    home = Household()
    write(series_of(home.services[0]), [1, 2, 3])
    bearer = APIClient()
    bearer.credentials(HTTP_AUTHORIZATION=f"Bearer {token_for(grant_over(home, usage()))}")
    party = make_party()
    callers: dict[str, Any] = {}
    for path, view in listing_views().items():
        if view is None or not hasattr(view, "get"):
            continue
        api = party.api_of("server-provided-files" if "files" in path else "")
        callers[path] = bearer if path.startswith("/cds-customerdata-api/") else api
    return callers


def cursor_names(path: str) -> list[str]:
    """The parameters that hold the cursors of a listing."""
    lists = [f"{name}_cursor" for name in MESSAGE_LISTS]
    return lists if path.endswith("/messages") else ["cursor"]


@reading
@example(text="\x00")
@given(text=forged_cursors(A_PLACE))
def test_a_forged_cursor_is_a_wrong_request(callers, text):
    """Of every listing, in either direction, whatever it holds."""
    refused = 0
    for path, api in callers.items():
        for name in cursor_names(path):
            answer = api.get(path, {name: text})
            if "coverage" in path or b'"next"' not in api.get(path).getvalue():
                continue
            assert answer.status_code == 400, (path, answer.content)
            # A NUL byte anywhere in an address is refused before anything asks what it is for.
            assert "\x00" in text or answer.json()["field"] == "cursor"
            refused += 1
    assert refused >= len(callers) - 3


@reading
@given(values=st.lists(contents, min_size=5, max_size=5), backwards=st.booleans())
def test_a_marked_cursor_with_other_values_breaks_nothing(callers, values, backwards):
    """An earlier version may have written it; texts come from the database, so they are texts."""
    storable = [v for v in values if not (isinstance(v, str) and "\x00" in v)]
    for path, api in callers.items():
        for name in cursor_names(path):
            listing = path if name == "cursor" else f"{path}#{name.removesuffix('_cursor')}"
            for width in (2, 5):
                made = Cursor(tuple(storable[:width]), backwards).encode(listing=listing)
                assert api.get(path, {name: made}).status_code in {200, 400}, path


@reading
@given(
    head=st.text("0123456789abcdef_-+ ", min_size=4, max_size=4) | st.just("000c"),
    tag=st.just("") | opaque.map(lambda text: f".{text}"),
)
def test_forged_segment_ids_find_nothing(callers, head, tag):
    """A trimmed id is the base id and our keyed hash of what was cut off."""
    answer = callers[SEGMENTS].get(SEGMENTS, {"cds_usagesegment_ids": f"{head}{'2' * 20}{tag}"})
    assert answer.status_code in {200, 400}
    if answer.status_code == 200:
        assert b'"usage_segments":[]' in answer.getvalue()


PAGES = (
    "/receipts/{}/",
    "/receipts/{}/stop/",
    "/receipts/{}/terms/",
    "/onboarding/{}/",
    "/onboarding/{}/form.pdf",
    "/onboarding/logos/{}.png",
    "/onboarding/payments/{}/",
    "/oauth/authorize/{}/",
    "/oauth/default-redirect/{}?code=x",
    "/accounts/confirm-email/{}/",
    "/accounts/password/reset/key/{}/",
    "/accounts/password/reset/key/1-{}/",
    "/accounts/oidc/{}/login/",
    "/accounts/oidc/{}/login/callback/?state=x&code=y",
)


@reading
@given(text=opaque.filter(lambda text: text.strip(".")))
def test_forged_addresses_of_pages_lead_nowhere(text):
    """Receipts, links of onboarding and of mails, forms: an address is a key, or it is nothing."""
    for page in PAGES:
        answer = Browser().get(page.format(quote(text, safe="")))
        # The library's pages say that a link does not work.
        said = {200} if page.startswith("/accounts/") else set()
        assert answer.status_code in {301, 302, 400, 404, 405} | said, (page, answer.status_code)


@reading
@given(text=opaque.filter(str.strip))
def test_forged_pushed_requests_and_codes_are_refused(callers, text):
    """PAR's request_uri, and the code of our own page."""
    client_id = Client.objects.exclude(response_types=[]).order_by("pk")[0].client_id
    browser = Browser()
    for prefix in ("", REQUEST_URI):
        query = {"client_id": client_id, "request_uri": f"{prefix}{text}", "response_type": "code"}
        assert browser.get("/oauth/authorize", query).status_code == 400
    own = browser.get(f"/oauth/default-redirect/{client_id}", {"code": text})
    assert own.status_code in {400, 404}


@reading
@given(text=opaque)
def test_forged_tokens_and_secrets_are_nobodys(callers, stopped_clock, text):
    """In every place of a header where one of ours could stand."""
    header = text.encode("utf-8").decode("latin-1")
    basic = base64.b64encode(text.encode("utf-8")).decode()
    for sent in (f"Bearer {header}", f"Basic {basic}", f"Basic {header}", header):
        for path in ("/cds-api/v1/clients", SEGMENTS):
            answer = Browser().get(path, headers={"Authorization": sent})
            assert answer.status_code in {401, 429}
    fields = {"token": text, "code": text, "refresh_token": text, "client_id": text}
    for path in ("/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/par"):
        for grant_type in ("authorization_code", "refresh_token"):
            answer = Browser().post(path, {**fields, "grant_type": grant_type})
            assert answer.status_code in {400, 401, 429}
