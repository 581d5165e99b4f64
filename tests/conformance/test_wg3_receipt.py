"""The receipt, rule by rule (CDS-WG3-01 9.4)."""

import re
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser

from consent.models import Grant, Receipt
from tests.consent.pages.world import MERGED, World, answer, form_url

spec = pytest.mark.spec


@pytest.fixture
def receipt(world: World) -> Receipt:
    """Alice shares one service with Acme, whose website is confirmed."""
    world.client.client_uri = "https://acme.example/"
    world.client.website_confirmed = world.client.created
    world.client.save()
    world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222", later=True))
    found: Receipt = Receipt.objects.get()
    return found


def page(receipt: Receipt) -> str:
    """Return the receipt as somebody without an account sees it."""
    return Browser().get(f"/receipts/{receipt.url_token}/").content.decode()


def owners_page(world: World, receipt: Receipt) -> str:
    """Return the receipt as the customer who gave it sees it."""
    return world.browser.get(f"/receipts/{receipt.url_token}/").content.decode()


@spec("WG3-01 9.4 a", "WG3-01 9.4 c")
def test_address(receipt: Receipt) -> None:
    """Neither number nor ids occur in the address."""
    assert len(receipt.url_token) >= 26
    for other in (receipt.confirmation_number, receipt.grant.grant_id):
        assert other.lower().replace("-", "") not in receipt.url_token


@spec("WG3-01 9.4 b")
def test_confirmation_number(receipt: Receipt) -> None:
    """No two receipts have the same."""
    with pytest.raises(IntegrityError), transaction.atomic():
        Receipt.objects.create(
            grant=receipt.grant,
            snapshot=receipt.snapshot,
            confirmation_number=receipt.confirmation_number,
        )


@spec("WG3-01 9.4 d", "WG3-01 9.4 e")
def test_open_but_unlisted(receipt: Receipt) -> None:
    """For people with the link only."""
    response = Browser().get(f"/receipts/{receipt.url_token}/")
    assert response.status_code == 200
    assert '<meta name="robots" content="noindex">' in response.content.decode()


@spec("WG3-01 9.4 k", "WG3-01 9.4 l", "WG3-01 9.4 n", "WG3-01 9.4 q")
def test_contents(receipt: Receipt) -> None:
    """What the standard lists, in plain words."""
    html = page(receipt)
    for words in (
        receipt.confirmation_number,
        "<time datetime=",
        "Sharing",
        "Acme Energy Auditors",
        "For how long",
        "1 electric service",
        "Also services that are added later.",
        "terms",
        "Have a question?",
        "data-print",
    ):
        assert words in html
    assert 'href="https://acme.example/" target="_blank" rel="noopener nofollow"' in html
    text = re.sub(r"<[^>]+>", " ", html.split("<main")[1].split("</main>")[0])
    assert not re.search(r"\b(scope|token|grant|segment|OAuth)s?\b", text, re.IGNORECASE)


@spec("WG3-01 9.4 j")
def test_brand(world: World, receipt: Receipt, settings: Any) -> None:
    """Name and logo are those of the form."""
    settings.UTILITY_WEBSITE = "https://utility.example/"
    form = world.browser.get(form_url(world.ask(details=MERGED))).content.decode()
    pages = (form, page(receipt))
    logos = [
        re.findall("page-header-inner(.*)page-header-title", html, re.DOTALL) for html in pages
    ]
    assert "https://utility.example/" in str(logos[0])
    assert logos[0] == logos[1]
    for html in pages:
        assert html.split("page-header-title")[1].startswith('">Demo Gas &amp; Electric: ')


@spec("WG3-01 9.4 m")
def test_masking(receipt: Receipt) -> None:
    """Counts instead of numbers, and the way to the details."""
    html = page(receipt)
    assert "222222" not in html
    assert "1111-1" not in html
    assert "Sign in to see details" in html


@spec("WG3-01 9.4 p")
def test_revocation(receipt: Receipt) -> None:
    """And only by POST."""
    assert "Stop sharing" in page(receipt)
    Browser().post(f"/receipts/{receipt.url_token}/stop/")
    assert Grant.objects.get().status == "revoked"
    assert "stop/" not in page(receipt)


@spec("WG3-01 9.4 k", "WG3-01 9.4 o")
def test_purpose_is_frozen(world: World) -> None:
    """The company may change its text; the receipt does not."""
    world.client.purposes = {"p1": {"id": "p1", "content": "Old words", "related_uri": None}}
    world.client.save()
    request = world.ask("cds_usage")
    request.access[0]["purpose"] = "p1"
    request.save()
    world.browser.post(form_url(request), answer("sc_222222"))
    world.client.purposes["p1"]["content"] = "New words"
    world.client.save()
    html = page(Receipt.objects.get())
    assert "Old words" in html
    assert "New words" not in html


@spec("WG3-01 9.4 r")
def test_changes(world: World, receipt: Receipt) -> None:
    """Old and new name."""
    world.client.name = "Acme Holding"
    world.client.save()
    html = page(receipt)
    assert "Acme Energy Auditors" in html
    assert "Acme Holding" in html


@spec("WG3-01 9.4 r")
def test_changed_terms(receipt: Receipt, settings: Any) -> None:
    """The text of that day stays readable, whatever stands at the address today."""
    terms = f"/receipts/{receipt.url_token}/terms/"
    html = page(receipt)
    assert f'href="{terms}"' in html
    assert "Changed since then" not in html
    settings.CUSTOMER_TERMS = "New words"
    changes = page(receipt).split("Changed since then")[1].split("What you approved")[0]
    then, now = changes.split('class="now"')
    assert f'href="{terms}"' in then
    assert 'href="/terms/"' in now
    old = Browser().get(terms).content.decode()
    assert "Terms for sharing your data" in old
    assert receipt.confirmation_number in old
    assert "New words" not in old
    settings.CUSTOMER_TERMS, settings.DEMO = "", False
    assert "These terms no longer apply." in page(receipt)


def test_nothing_accepted_nothing_changed(world: World, settings: Any) -> None:
    """Terms that came later were never accepted."""
    settings.DEMO = False
    world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222"))
    receipt = Receipt.objects.get()
    settings.CUSTOMER_TERMS = "New words"
    html = page(receipt)
    assert "You agreed to the" not in html
    assert "Changed since then" not in html
    assert Browser().get(f"/receipts/{receipt.url_token}/terms/").status_code == 404


@pytest.fixture
def widened(world: World, receipt: Receipt) -> Receipt:
    """Alice has since added her gas service; the first of her two receipts."""
    grant = receipt.grant
    grant.authorization_details = [
        {**entry, "sync_until": "2099-01-01T00:00:00Z"} for entry in grant.authorization_details
    ]
    grant.save()
    grant.selections.update(object_ids=["sc_222222", "sc_333333"])
    snapshot = dict(receipt.snapshot)
    first = snapshot["sections"][0]
    gas = {
        **first["services"][0],
        "id": "sc_333333",
        "number": "333333",
        "service_type": "natural_gas",
    }
    snapshot["sections"] = [{**first, "services": [*first["services"], gas]}]
    snapshot["authorization_details"] = grant.authorization_details
    Receipt.objects.create(grant=grant, snapshot=snapshot)
    return receipt


@spec("WG3-01 9.4 m", "WG3-01 9.4 r")
def test_superseded_receipts_show_changes(world: World, widened: Receipt) -> None:
    """What is shared, and from which services: named to the owner, counted for others."""
    for html, named in ((page(widened), False), (owners_page(world, widened), True)):
        assert "A newer receipt has replaced this one." in html
        shared, services = html.split("Changed since then")[1].split("Services that are shared")
        assert "What is shared" in shared
        assert "kept up to date until 31 December 2098" in shared.split('class="now"')[1]
        then, now = services.split("What you approved")[0].split('class="now"')
        assert "333333" not in then
        assert ("333333" in now) == named
        assert ("222222" in then) == named
        assert ("1 natural gas service" in now) != named


@spec("WG3-01 9.4 r")
def test_many_changed_services_open_on_demand(world: World, widened: Receipt) -> None:
    """A service that no receipt names is counted at least."""
    ids = [f"sc_{n}" for n in range(11)]
    widened.grant.selections.update(object_ids=ids)
    now = owners_page(world, widened).split('class="now"')[-1].split("What you approved")[0]
    assert "<summary>11 services</summary>" in now
    widened.grant.selections.update(object_ids=ids[:10])
    assert "<summary>10" not in owners_page(world, widened)


def test_the_newest_receipt_shows_no_change(world: World, widened: Receipt) -> None:
    """Nothing has changed since it was written."""
    newest = widened.grant.receipts.order_by("-pk")[0]
    assert "Changed since then" not in owners_page(world, newest)


def test_nameless_services(world: World, receipt: Receipt) -> None:
    """A service that no receipt names is counted, not shown as an empty line."""
    receipt.grant.selections.update(object_ids=["sc_1"])
    now = owners_page(world, receipt).split('class="now"')[-1].split("What you approved")[0]
    assert "<p>1 service</p>" in now
    assert "<p></p>" not in now


@spec("WG3-01 9.4 s")
def test_successor(receipt: Receipt) -> None:
    """One Grant may have several receipts."""
    newer = Receipt.objects.create(grant=receipt.grant, snapshot=receipt.snapshot)
    assert f"/receipts/{newer.url_token}/" in page(receipt)


@spec("WG3-01 9.1.1 o")
def test_profile(world: World, receipt: Receipt) -> None:
    """On the page about who can see their data."""
    assert f"/receipts/{receipt.url_token}/" in world.browser.get("/sharing/").content.decode()
