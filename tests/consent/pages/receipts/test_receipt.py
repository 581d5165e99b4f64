"""The receipt, its mail, and stopping."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from consent.models import Grant, Receipt
from consent.services.receipts import stop_sharing
from consent.tasks import send_receipt, send_sharing_stopped, sweep_grants
from portal.models import OutboxEntry
from tests.consent.pages.world import MERGED, World, answer, form_url, service


@pytest.fixture
def receipt(world: World) -> Receipt:
    """Alice shares one electric service with Acme."""
    world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222", later=True))
    found: Receipt = Receipt.objects.get()
    return found


def url_of(receipt: Receipt) -> str:
    """Return the receipt's address."""
    return reverse("consent:receipt", args=[receipt.url_token])


@pytest.mark.spec("WG3-01 9.4 d", "WG3-01 9.4 m")
def test_anyone_with_the_link_reads_it_without_details(world: World, receipt: Receipt) -> None:
    """Counts for strangers, numbers for the customer only (9.4)."""
    stranger = Browser().get(url_of(receipt)).content.decode()
    owner = world.browser.get(url_of(receipt)).content.decode()
    assert "1 electric service" in stranger
    assert "Sign in to see details" in stranger
    assert "222222" not in stranger
    assert "222222 Main St" in owner
    assert "Sign in to see details" not in owner
    carol = Browser()
    carol.force_login(world.carol)
    assert "222222" not in carol.get(url_of(receipt)).content.decode()


@pytest.mark.spec("WG3-01 9.4 k")
def test_it_shows_what_was_agreed(world: World, receipt: Receipt) -> None:
    """Number, company, status, what, how long, what comes later, terms."""
    html = Browser().get(url_of(receipt)).content.decode()
    for words in (
        receipt.confirmation_number,
        "Acme Energy Auditors",
        "Sharing",
        "Your usage of electricity and natural gas",
        "new usage until",
        "Also services that are added later.",
        "terms of that day (opens in new tab)",
        "Stop sharing with Acme Energy Auditors",
    ):
        assert words in html


def test_many_services_open_on_demand(world: World, receipt: Receipt) -> None:
    """A receipt for 1,200 services can still be read; the confirmation of the end too."""
    section = receipt.snapshot["sections"][0]
    for count, folded in ((10, False), (11, True), (1200, True)):
        section["services"] = [
            {**section["services"][0], "id": f"sc_{n}", "number": f"X{n:04}"} for n in range(count)
        ]
        receipt.save(update_fields=["snapshot"])
        receipt.grant.selections.update(object_ids=[f"sc_{n}" for n in range(count)])
        for url in (url_of(receipt), reverse("consent:receipt-stop", args=[receipt.url_token])):
            html = world.browser.get(url).content.decode()
            assert html.count("<li>X") == count
            assert (f"<summary>{count:,} electric services</summary>" in html) == folded
    stranger = Browser().get(url_of(receipt)).content.decode()
    assert "<li>1,200 electric services</li>" in stranger
    assert "X0001" not in stranger


@pytest.mark.spec("WG3-01 9.4 r")
def test_the_words_of_that_day_stay(world: World, receipt: Receipt) -> None:
    """A new name is shown beside the old one."""
    world.client.name = "Acme Holding"
    world.client.save()
    html = Browser().get(url_of(receipt)).content.decode()
    assert "You allowed Acme Energy Auditors" in html
    assert "Changed since then" in html
    assert "Acme Holding" in html


@pytest.mark.spec("WG3-01 9.4 r")
def test_less_than_was_agreed_is_shown_beside_it(world: World, receipt: Receipt) -> None:
    """When the company gives up a part, the receipt says what it still gets."""
    grant = receipt.grant
    grant.authorization_details = grant.authorization_details[:1]
    grant.scope = "cds_service_contracts"
    grant.save()
    html = Browser().get(url_of(receipt)).content.decode()
    assert "What is shared" in html
    then, now = html.split('class="now"')
    assert "Your usage of" in then
    assert "Your usage of" not in now.split("</section>")[0].split("<section")[0]


@pytest.mark.spec("WG3-01 9.4 s")
def test_a_newer_receipt_is_linked(receipt: Receipt) -> None:
    """9.4: superseded receipts say so."""
    newer = Receipt.objects.create(grant=receipt.grant, snapshot=receipt.snapshot)
    assert url_of(newer) in Browser().get(url_of(receipt)).content.decode()
    assert url_of(receipt) not in Browser().get(url_of(newer)).content.decode().replace(
        f"next={url_of(newer)}", ""
    )


def test_looking_changes_nothing(receipt: Receipt) -> None:
    """Mail scanners open every link."""
    Browser().get(url_of(receipt))
    Browser().get(url_of(receipt) + "stop/")
    Browser().head(url_of(receipt) + "stop/")
    assert Grant.objects.get().status == "active"


@pytest.mark.spec("WG3-01 9.4 p")
def test_stopping_works_without_sign_in_and_at_once(world: World, receipt: Receipt) -> None:
    """One question, one click, and it has ended; a second click changes nothing."""
    browser = Browser()
    stop = url_of(receipt) + "stop/"
    assert "They can't collect anything new" in browser.get(stop).content.decode()
    assert browser.post(stop).status_code == 303
    grant = Grant.objects.get()
    assert (grant.status, grant.enabled_scope) == ("revoked", "")
    assert world.listener.ended == [grant.grant_id]
    assert "has stopped" in browser.get(stop).content.decode()
    browser.post(stop)
    assert OutboxEntry.objects.filter(task="consent.tasks.send_sharing_stopped").count() == 1
    html = browser.get(url_of(receipt)).content.decode()
    assert "You stopped this" in html
    assert "Stop sharing with" not in html


def test_stopping_is_protected_against_forgery(receipt: Receipt) -> None:
    """Another site that knows the link cannot end the consent."""
    assert Browser(enforce_csrf_checks=True).post(url_of(receipt) + "stop/").status_code == 403


@pytest.mark.spec("WG3-01 9.4 c")
def test_unknown_receipts_are_not_found(receipt: Receipt) -> None:
    """The number is no key: only the random address opens a receipt."""
    for token in (receipt.confirmation_number, "nothing"):
        url = reverse("consent:receipt", args=[token])
        assert Browser().get(url).status_code == 404
        assert Browser().post(url + "stop/").status_code == 404


@pytest.mark.spec("WG3-01 9.4 f", "WG3-01 9.4 g")
def test_the_mail_has_number_and_link(receipt: Receipt) -> None:
    """9.4: utility, confirmation number, link; services are counted, not named."""
    send_receipt(receipt.pk)
    sent = mail.outbox[0]
    assert sent.to == ["alice@example.com"]
    assert sent.subject == "Receipt: you shared energy data with Acme Energy Auditors"
    for body in (str(sent.body), str(sent.alternatives[0][0])):  # type: ignore[attr-defined]
        assert receipt.confirmation_number in body
        assert "Demo Gas" in body
        assert f"http://testserver{url_of(receipt)}" in body
        assert "222222" not in body
        assert "1 electric service" in body


@pytest.mark.spec("WG3-01 9.4 h")
def test_purposes_of_a_company_stay_out_of_mails(world: World, receipt: Receipt) -> None:
    """A company must not write mails in the utility's name (9.4)."""
    words = {"content": "Click here", "uri": "", "name": "", "by_utility": False}
    receipt.snapshot["sections"][0]["purpose"] = words
    receipt.save()
    send_receipt(receipt.pk)
    assert "Click here" not in str(mail.outbox[0].body)
    receipt.snapshot["sections"][0]["purpose"] = words | {"by_utility": True}
    receipt.save()
    send_receipt(receipt.pk)
    assert "Click here" in str(mail.outbox[1].body)


def test_stopping_is_confirmed_by_mail(receipt: Receipt) -> None:
    """The customer has it in writing."""
    send_sharing_stopped(receipt.pk, (receipt.created + timedelta(hours=1)).isoformat())
    assert mail.outbox[0].subject == "You stopped sharing energy data with Acme Energy Auditors"
    assert receipt.confirmation_number in str(mail.outbox[0].body)


@pytest.mark.spec("WG3-01 9.1.1 n")
def test_approval_mails_the_receipt_through_the_outbox(receipt: Receipt) -> None:
    """The task's name is one that workers know."""
    from celery import current_app

    entry = OutboxEntry.objects.get(task="consent.tasks.send_receipt")
    assert entry.task in current_app.tasks


@pytest.mark.spec("WG3-01 9.1.1 o")
def test_the_sharing_page_lists_ones_own(world: World, receipt: Receipt) -> None:
    """Sharing now, ended, and an empty state; never another customer's."""
    html = world.browser.get("/sharing/").content.decode()
    assert "Acme Energy Auditors" in html
    assert url_of(receipt) in html
    carol = Browser()
    carol.force_login(world.carol)
    assert "No company can see your energy data." in carol.get("/sharing/").content.decode()
    world.browser.post(url_of(receipt) + "stop/")
    html = world.browser.get("/sharing/").content.decode()
    assert "No company can see your energy data right now" in html
    assert "You stopped this" in html
    assert Browser().get("/sharing/").status_code == 302


def test_the_sharing_page_and_the_receipt_say_when_new_data_ends(
    world: World, receipt: Receipt
) -> None:
    """The earlier of both ends while it goes on; afterwards since when nothing new comes."""
    soon = datetime(timezone.now().year + 1, 5, 17, 20, tzinfo=UTC)
    Grant.objects.update(expires=soon.replace(month=8))
    assert f"until 17 August {soon.year}" in world.browser.get("/sharing/").content.decode()
    Grant.objects.update(new_data_until=soon)
    day = f"17 May {soon.year}"
    assert f"until {day}" in world.browser.get("/sharing/").content.decode()
    # A trouble of the utility's has no such day.
    Grant.objects.update(status="stopped")
    assert "No new data since" not in world.browser.get("/sharing/").content.decode()
    Grant.objects.update(status="active")
    with time_machine.travel(soon):
        sweep_grants()
        world.browser.force_login(world.alice)
        for path in ("/sharing/", url_of(receipt)):
            html = world.browser.get(path).content.decode()
            assert f"No new data since {day}; earlier data still visible" in html
            assert "Stop sharing with" in html
            assert f"until {day}" not in html


@pytest.mark.parametrize("count", [1, 20])
def test_the_sharing_page_costs_the_same_for_many(
    world: World, count: int, django_assert_num_queries: Any
) -> None:
    """Constant queries."""
    world.own(service(222222))
    for _ in range(count):
        world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222"))
    world.browser.get("/sharing/")
    with django_assert_num_queries(7):
        html = world.browser.get("/sharing/").content.decode()
    assert html.count('class="panel"') == count


def test_stopping_never_waits_for_a_refresh_that_waits_for_it(
    world: World, receipt: Receipt
) -> None:
    """Whoever refreshes a token holds it and inserts rows that point at the Grant."""
    with CaptureQueriesContext(connection) as queries:
        assert stop_sharing(receipt=receipt, by=world.alice)
    locks = [
        each["sql"]
        for each in queries
        if 'FROM "consent_grant"' in each["sql"] and " FOR " in each["sql"]
    ]
    assert locks
    assert all("FOR NO KEY UPDATE" in text for text in locks)
