"""The documentation pages: they answer, their links lead somewhere, their words are safe."""

import json
import re

import pytest
from django.test import Client as Browser
from rest_framework.test import APIClient

from portal.registries import docs_pages
from registration.catalogue.offers import ScopeOffer
from registration.docs import PAGES
from registration.services.catalogue.offers import load_offers
from tests.factories.registration import ClientFactory
from tests.registration.support import caller, offer_demo_scopes

pytestmark = pytest.mark.django_db


@pytest.fixture
def site():
    offer_demo_scopes()
    return Browser()


def address(slug):
    return "/docs/" if slug == "index" else f"/docs/{slug}/"


@pytest.mark.parametrize("slug", [page.slug for page in PAGES])
def test_every_page_answers_and_its_links_too(site, slug):
    """Inside the documentation no link is dead, anchors included."""
    page = site.get(address(slug))
    text = page.content.decode()
    assert page.status_code == 200
    assert any(f"<title>{other.title}" in text for other in docs_pages if other.slug == slug)
    assert "{#" not in text
    body = text.split("<article", 1)[1].split("</article>", 1)[0]
    for link in re.findall(r'href="http://testserver(/[^"]*)"', body):
        path, _, anchor = link.partition("#")
        target = site.get(path)
        assert target.status_code == 200, link
        assert not anchor or f'id="{anchor}"' in target.content.decode(), link


def test_scope_pages_have_an_anchor_for_each_field_and_choice(site):
    """Headings carry the ids that the metadata points at."""
    text = site.get("/docs/scopes/cds_usage").content.decode()
    assert 'id="segment_start"' in text
    assert 'id="authorization_form_selection_type--service_contract_selection"' in text
    assert "{#" not in text


def test_an_unknown_scope_has_no_page(site):
    """It is an ordinary 404."""
    assert site.get("/docs/scopes/cds_unknown", follow=True).status_code == 404


def test_words_of_staff_stay_text(site):
    """A name with markup is shown, not run."""
    load_offers(
        [
            ScopeOffer(
                id="cds_accounts_x",
                type="cds_grant_admin",
                name="<script>alert(1)</script> & co",
                description="[click](javascript:alert(1))",
            )
        ]
    )
    text = site.get("/docs/scopes/cds_accounts_x").content.decode()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in text
    assert 'href="javascript:' not in text


def test_every_error_code_is_documented(site):
    """The table comes from the error classes."""
    text = site.get("/docs/errors/").content.decode()
    for code in ("invalid_client_metadata", "invalid_redirect_uri", "slow_down", "not_found"):
        assert f"<code>{code}</code>" in text
    for words in ("A rate limit is used up", "A request body is over the limit"):
        assert words in text


def test_the_test_accounts_are_those_of_the_demo(site, settings):
    """A production server does not publish passwords."""
    assert "ana@example.com" in site.get("/docs/test-accounts/").content.decode()
    settings.DEMO = False
    assert "demo-password" not in site.get("/docs/test-accounts/").content.decode()


@pytest.mark.parametrize(("slug", "method"), [("quickstart", "POST"), ("registration", "PUT")])
def test_the_json_of_the_examples_is_accepted(site, slug, method):
    """What people copy must work."""
    text = site.get(address(slug)).content.decode().replace("&quot;", '"')
    payload = json.loads(re.findall(r"-d '(\{.*?\})'", text, re.DOTALL)[0])
    if method == "POST":
        assert APIClient().post("/oauth/register", payload, format="json").status_code == 201
    else:
        admin = ClientFactory.create(admin=True)
        client = ClientFactory.create(consent=True, registration=admin.registration)
        path = f"/cds-api/v1/clients/{client.client_id}"
        assert caller(admin).put(path, payload, format="json").status_code == 200


def test_the_pages_say_what_a_lost_answer_to_a_refresh_means(site, settings):
    """Public Clients rotate always, the others where the deployment says so."""
    for rotates in (False, True):
        settings.ROTATE_CONFIDENTIAL_REFRESH_TOKENS = rotates
        page = site.get("/docs/registration/").content.decode()
        assert ("the refresh token stays the same" in page) is not rotates
        assert "counts as theft" in page


def test_the_pages_say_which_drafts_count(site, settings):
    """Who reads the page of a server knows what its switch says."""
    for is_on, word in ((False, "off"), (True, "on")):
        settings.CDS_DRAFTS = is_on
        assert f"<strong>{word}</strong>" in site.get("/docs/standards/").content.decode()
