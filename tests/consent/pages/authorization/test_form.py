"""The authorization form as browsers use it, with and without scripts."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from consent.models import AuthorizationRequest, Grant
from registration.services.clients.update import disable_client
from tests.consent.oauth.support import CALLBACK, answer_of
from tests.consent.pages.world import MERGED, World, answer, form_url, service, sign_in
from tests.factories.consent import GrantFactory


def mark_in(html: str) -> str:
    """Return the mark of a form."""
    found = re.search(r'name="mark" value="(\w+)"', html)
    assert found
    return found[1]


def ticked(html: str) -> list[str]:
    """Return the values of the ticked rows."""
    return re.findall(r'name="request-\d+-services" value="(\w+)" checked', html)


def test_the_form_names_who_asks_for_what(world: World) -> None:
    """One page with everything to decide on."""
    html = world.browser.get(form_url(world.ask(details=MERGED))).content.decode()
    assert "Acme Energy Auditors" in html
    assert "222222 · 222222 Main St" in html
    assert "Signed in as alice@example.com" in html
    assert "Request 1 of" not in html
    assert html.index("For how long") < html.index("From which services") < html.index("Authorize")


@pytest.mark.spec("WG3-01 9.2.3.2 k")
def test_nothing_is_ticked_that_was_not_asked(world: World) -> None:
    """Customers choose; only preselections tick."""
    assert ticked(world.browser.get(form_url(world.ask(details=MERGED))).content.decode()) == []
    request = world.ask("cds_usage", details=[{"type": "cds_usage", "service_types": ["electric"]}])
    assert ticked(world.browser.get(form_url(request)).content.decode()) == ["sc_222222"]


def test_unavailable_services_say_why(world: World) -> None:
    """A row that cannot be chosen stays visible, with its reason."""
    world.own(service(1, unavailable_reason="Somebody else looks after this service."))
    html = world.browser.get(form_url(world.ask(details=MERGED))).content.decode()
    assert "Somebody else looks after this service." in html
    assert re.search(r'value="sc_1" disabled', html)


@pytest.mark.spec("WG3-01 9.1.2 b")
def test_strangers_sign_in_and_come_back(world: World) -> None:
    """The form needs a customer (CDS-WG3-01 9.1.2)."""
    url = form_url(world.ask())
    stranger = Browser()
    response = stranger.get(url)
    assert response.status_code == 302
    assert response["Location"] == f"/accounts/login/?next={url}"
    stranger.get(response["Location"])
    # Looking stores nothing, so a stranger's requests do not fill the table of sessions.
    assert settings.SESSION_COOKIE_NAME not in stranger.cookies


@pytest.mark.spec("WG1-02 8.3 g")
def test_prompt_login_asks_once_for_each_request(world: World) -> None:
    """A signed-in customer signs in again for this request, and then only once (WG1-02 8.3)."""
    request = world.ask(details=MERGED, prompt="login")
    url = form_url(request)
    assert world.browser.get(url).status_code == 302
    assert "_auth_user_id" not in world.browser.session
    sign_in(world.browser, world.alice, url)
    assert world.browser.get(url).status_code == 200
    assert world.browser.get(url).status_code == 200
    assert world.browser.get(form_url(world.ask(prompt="login"))).status_code == 302


def test_another_person_does_not_see_the_request(world: World) -> None:
    """It waits for the person who opened it; the page says how to go on."""
    url = form_url(world.ask(details=MERGED))
    world.browser.get(url)
    carol = Browser()
    carol.force_login(world.carol)
    response = carol.get(url)
    assert response.status_code == 404
    assert "alice" not in response.content.decode()
    assert carol.post(url, answer("sc_444444")).status_code == 404
    assert not Grant.objects.exists()


@pytest.mark.spec("WG3-01 9.1.2 e", "WG3-01 9.2.1.7 a")
def test_using_another_account_hands_the_request_over(world: World) -> None:
    """9.2.1.7: sign in as someone else, then see that person's services."""
    request = world.ask(details=MERGED)
    world.browser.get(form_url(request))
    response = world.browser.post(form_url(request) + "account/")
    assert response["Location"].startswith("/accounts/login/")
    world.browser.force_login(world.carol)
    html = world.browser.get(form_url(request)).content.decode()
    assert "444444" in html
    assert "222222" not in html


def test_unknown_and_expired_requests_are_calm_pages(world: World) -> None:
    """What happened, that nothing was shared, what to do."""
    unknown = world.browser.get("/oauth/authorize/ar_nothing/")
    request = world.ask()
    AuthorizationRequest.objects.update(expires=timezone.now())
    expired = world.browser.get(form_url(request))
    assert (unknown.status_code, expired.status_code) == (404, 410)
    assert "Nothing was shared" in unknown.content.decode()
    assert "start again" in expired.content.decode()


def test_a_pushed_request_needs_the_authorization_endpoint(world: World) -> None:
    """The client knows the id of a request that it pushed; that alone opens no form."""
    request = world.ask()
    AuthorizationRequest.objects.update(opened=None)
    assert world.browser.get(form_url(request)).status_code == 404


def test_environments_never_mix(world: World) -> None:
    """Sandbox clients meet test customers only; the page offers another account and Decline."""
    world.catalog.environments = ("production",)
    response = world.browser.get(form_url(world.ask()))
    assert response.status_code == 403
    assert "Use another account" in response.content.decode()
    assert "Decline" in response.content.decode()


@pytest.mark.spec("WG3-01 9.1.1 h", "WG3-01 9.1.1 i")
@pytest.mark.spec("WG1-02 8.3 h")
def test_a_grant_of_another_customer_goes_back_to_the_client(world: World) -> None:
    """CDS-WG1-02 8.3: cds_grant_id_invalid_user."""
    theirs = GrantFactory.create(client=world.client, user=world.carol, waiting=True)
    response = world.browser.get(form_url(world.ask(cds_grant_id=theirs.grant_id)))
    assert response.status_code == 303
    assert answer_of(response["Location"])["error"] == "cds_grant_id_invalid_user"


def test_authorizing_returns_to_the_client(world: World) -> None:
    """The browser ends where the client wanted it, with a code."""
    response = world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222"))
    assert response.status_code == 303
    assert response["Location"].startswith(CALLBACK)
    assert "code" in answer_of(response["Location"])


@pytest.mark.spec("WG3-01 9.2.1.6 e")
def test_a_second_submit_changes_nothing(world: World) -> None:
    """Double clicks and reloads get the same answer."""
    url = form_url(world.ask(details=MERGED))
    first = world.browser.post(url, answer("sc_222222"))
    second = world.browser.post(url, answer("sc_222222", "sc_333333"))
    assert first["Location"] == second["Location"]
    assert Grant.objects.count() == 1
    assert "You have answered this request" in world.browser.get(url).content.decode()


@pytest.mark.spec("WG3-01 9.2.1.6 d")
def test_mistakes_keep_what_was_ticked(world: World) -> None:
    """Error summary with a link to the list, the title says so, no input is lost."""
    request = world.ask()
    fields = answer("sc_222222", shown=["0", "1"])
    html = world.browser.post(form_url(request), fields).content.decode()
    assert "<title>Error: " in html
    assert 'href="#request-2-1"' in html
    assert "Request 2: Choose at least one service" in html
    assert ticked(html) == ["sc_222222"]
    assert not Grant.objects.exists()


def test_ids_of_others_are_refused(world: World) -> None:
    """A forged id authorizes nothing."""
    response = world.browser.post(form_url(world.ask(details=MERGED)), answer("sc_444444"))
    assert response.status_code == 200
    assert "Your list has changed" in response.content.decode()
    assert not Grant.objects.exists()


@pytest.mark.parametrize("action", ["update", "search-0", "all-0", "chosen-0", "", "nonsense"])
def test_helping_buttons_never_authorize(world: World, action: str) -> None:
    """Decision 56: searching without a script is a round trip that keeps the choices."""
    request = world.ask(details=MERGED)
    url = form_url(request)
    response = world.browser.post(url, answer("sc_222222", action=action))
    assert response.status_code == 303
    assert response["Location"].startswith(url)
    assert not Grant.objects.exists()
    assert "sc_222222" in ticked(world.browser.get(url).content.decode())


@pytest.mark.spec("WG3-01 9.2.3.2 i")
def test_search_hides_rows_but_keeps_their_ticks(world: World) -> None:
    """Hidden rows are still part of the form; select all takes the found ones only."""
    world.own(*(service(n, address=f"{n} Elm Road") for n in range(100, 120)))
    url = form_url(world.ask(details=MERGED))
    fields = answer("sc_100", action="all-0") | {"request-1-query": "105 elm"}
    world.browser.post(url, fields)
    html = world.browser.get(url).content.decode()
    assert ticked(html) == ["sc_100", "sc_105"]
    assert html.count("data-row hidden") == 19
    assert "2 of 20 selected" in html


@pytest.mark.spec("WG3-01 9.2.1.3 b", "WG3-01 9.2.1.4 c")
def test_requests_can_be_removed_and_brought_back(world: World) -> None:
    """Only while another one stays."""
    url = form_url(world.ask())
    world.browser.get(url)
    world.browser.post(url, answer(action="remove-0", shown=["0", "1"]))
    html = world.browser.get(url).content.decode()
    assert "You removed this request" in html
    assert 'value="remove-1"' not in html
    fields = answer("sc_222222", section=1, removed=["0"])
    world.browser.post(url, fields | {"action": "undo-0"})
    assert "You removed this request" not in world.browser.get(url).content.decode()
    world.browser.post(url, fields)
    assert Grant.objects.get().scope == "cds_usage"


@pytest.mark.spec("WG3-01 9.2.1.4 c")
def test_fixed_requests_offer_no_removing(world: World) -> None:
    """allow_scope_modifications false (7.4.5)."""
    fixed = [
        {"type": scope, "allow_scope_modifications": False}
        for scope in ("cds_service_contracts", "cds_usage")
    ]
    assert "remove-" not in world.browser.get(form_url(world.ask(details=fixed))).content.decode()


@pytest.mark.spec("WG3-01 9.1.1 l", "WG3-01 9.2.1.6 c")
def test_declining_needs_nothing_else(world: World) -> None:
    """Decline comes before every check."""
    response = world.browser.post(form_url(world.ask()), answer(action="decline"))
    assert answer_of(response["Location"])["error"] == "access_denied"


def test_declining_works_before_sign_in(world: World) -> None:
    """Whoever cannot sign in can still go back to the client (9.1.2)."""
    response = Browser().post(form_url(world.ask()), answer(action="decline"))
    assert answer_of(response["Location"])["error"] == "access_denied"


def test_a_session_that_ended_loses_no_choice(world: World) -> None:
    """Sign in again, and everything is still ticked; nothing is authorized on the way."""
    url = form_url(world.ask(details=MERGED))
    mark = mark_in(world.browser.get(url).content.decode())
    response = Browser().post(url, answer("sc_333333", mark=mark))
    assert response["Location"].startswith("/accounts/login/")
    assert ticked(world.browser.get(url).content.decode()) == ["sc_333333"]
    assert not Grant.objects.exists()


def test_the_form_stays_open_for_a_reader(world: World) -> None:
    """Extending needs the person for whom the request waits."""
    request = world.ask()
    url = form_url(request)
    assert Browser().post(url + "extend/").status_code == 403
    world.browser.get(url)
    before = AuthorizationRequest.objects.get().expires
    assert world.browser.post(url + "extend/").status_code == 204
    assert AuthorizationRequest.objects.get().expires >= before


@pytest.mark.spec("WG3-01 9.1.2 f")
def test_each_view_keeps_the_form_open_beyond_the_session(world: World) -> None:
    """9.1.2: neither a long sign-in nor a long look costs the request, nor does a round trip."""
    request = world.ask(details=MERGED)
    url = form_url(request)
    session = timedelta(seconds=settings.SESSION_COOKIE_AGE)

    def soon_over() -> None:
        """Let the request have been open for long."""
        AuthorizationRequest.objects.update(expires=timezone.now() + timedelta(seconds=30))

    def left() -> timedelta:
        left: timedelta = AuthorizationRequest.objects.get().expires - timezone.now()
        return left

    for ask in (
        lambda: world.browser.get(url),  # the first look, after a long sign-in
        lambda: world.browser.get(url),
        lambda: world.browser.post(url, answer(action="update"), follow=True),
        lambda: world.browser.post(url, answer(action="authorize"), follow=True),  # refused: empty
        lambda: world.browser.post(url + "extend/"),
    ):
        soon_over()
        assert ask().status_code in {200, 204}
        # Whoever the session ends under has ten minutes and more to sign in again.
        assert left() > session + timedelta(minutes=10)
    soon_over()
    world.browser.force_login(world.carol)
    assert world.browser.get(url).status_code == 404
    assert left() < timedelta(minutes=1), "a stranger keeps nothing open"


def test_forms_are_protected_against_forgery(world: World) -> None:
    """Another site cannot answer for the customer."""
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(world.alice)
    assert browser.post(form_url(world.ask(details=MERGED)), answer("sc_222222")).status_code == 403


@pytest.fixture
def three_languages(settings: Any) -> None:
    """As if catalogues of Spanish and French were there."""
    settings.LANGUAGES = [("en", "English"), ("es", "Spanish"), ("fr", "French")]


def test_a_language_that_is_not_offered_is_not_spoken(world: World, settings: Any) -> None:
    """Whoever asks for it, the form is English and says so."""
    settings.LANGUAGES = [("en", "English")]
    url = form_url(world.ask(details=MERGED, ui_locales="es fr-CA"))
    world.browser.cookies["django_language"] = "es"
    page = world.browser.get(url, headers={"Accept-Language": "fr"})
    assert '<html lang="en"' in page.content.decode()
    assert page["Content-Language"] == "en"
    assert 'name="language"' not in page.content.decode()


@pytest.mark.usefixtures("three_languages")
def test_the_client_chooses_the_language_unless_the_customer_did(world: World) -> None:
    """ui_locales first, the customer's own switch above it; unknown tags are skipped."""
    url = form_url(world.ask(details=MERGED, ui_locales="tlh fr-CA en"))
    assert '<html lang="fr"' in world.browser.get(url).content.decode()
    world.browser.cookies["django_language"] = "es"
    assert '<html lang="es"' in world.browser.get(url).content.decode()


@pytest.mark.usefixtures("three_languages")
def test_changing_the_language_keeps_what_was_ticked(world: World) -> None:
    """The buttons stand in the footer and send the form along."""
    url = form_url(world.ask(details=MERGED))
    assert 'form="authorization" name="language" value="es"' in str(world.browser.get(url).content)
    fields = {**answer("sc_222222", action=""), "language": "es"}
    response = world.browser.post(url, fields)
    assert (response.status_code, response["Location"]) == (303, url)
    html = world.browser.get(url).content.decode()
    assert '<html lang="es"' in html
    assert ticked(html) == ["sc_222222"]
    assert not Grant.objects.exists()


@pytest.mark.spec(
    "WG3-01 7.4.4 f",
    "WG3-01 9.2.2.4 b",
    "WG3-01 9.2.2.4 c",
    "WG3-01 9.2.2.4 d",
    "WG3-01 9.2.2.4 e",
    "WG3-01 9.2.2.4 f",
)
def test_purposes_are_text_and_name_their_author(world: World) -> None:
    """A company's words cannot become markup (9.2.2.4)."""
    world.client.purposes = {
        "p1": {
            "id": "p1",
            "content": "Score <script>alert(1)</script>\nsecond line",
            "related_uri": "https://acme.example/why",
            "related_name": "Why we ask",
        }
    }
    world.client.save()
    request = world.ask("cds_usage")
    request.access[0]["purpose"] = "p1"
    request.save()
    html = world.browser.get(form_url(request)).content.decode()
    assert "Written by Acme Energy Auditors:" in html
    assert "<script>alert" not in html
    block = html.split('class="purpose-text"')[1].split("</div>")[0]
    assert "\nsecond line" in block
    assert block.endswith("Why we ask (opens in new tab)</a>")
    assert 'href="https://acme.example/why" target="_blank" rel="noopener' in block


def test_examples_of_ones_own_are_shown_but_not_kept(world: World) -> None:
    """Anyone with the link can open the receipt, so it keeps no values of the customer's."""
    world.catalog.own_examples = {"include_contract_numbers": "ending in 2222"}
    url = form_url(world.ask(details=MERGED))
    assert "ending in 2222" in world.browser.get(url).content.decode()
    world.browser.post(url, answer("sc_222222"))
    receipt = Grant.objects.get().receipts.get()
    assert "ending in 2222" not in str(receipt.snapshot)


@pytest.mark.parametrize("count", [1, 1200])
def test_the_number_of_services_costs_no_queries(
    world: World, count: int, django_assert_num_queries: object
) -> None:
    """A customer with 1,200 services waits no longer for the database than one with one."""
    world.own(*(service(n) for n in range(count)))
    url = form_url(world.ask())
    world.browser.get(url)
    with django_assert_num_queries(10):  # type: ignore[operator]
        assert world.browser.get(url).status_code == 200


def test_what_ends_today_has_no_later(world: World) -> None:
    """A preselected box for later services makes no sense where nothing new comes."""
    details = [
        {
            "type": "cds_usage",
            "contract_numbers": ["_all", "_include_future"],
            "segment_end": "PT0S",
            "sync_until": "PT0S",
        }
    ]
    html = world.browser.get(form_url(world.ask("cds_usage", details=details))).content.decode()
    assert 'name="request-1-later"' not in html
    assert "You will share past data of 2 services with Acme Energy Auditors. Nothing new." in html


@pytest.mark.spec("WG3-01 9.2.2.2 m")
def test_form_and_receipt_promise_nothing_after_the_end_of_syncing(world: World) -> None:
    """A window of usage that is longer brings nothing more."""
    details = [
        {
            "type": "cds_usage",
            "segment_end": "infinite",
            "sync_until": "2099-01-01T20:00:00Z",
        }
    ]
    url = form_url(world.ask("cds_usage", details=details))
    html = world.browser.get(url).content.decode()
    world.browser.post(url, answer("sc_222222", later=True))
    receipt = Grant.objects.get().receipts.get().snapshot["sections"][0]
    assert "Also services I add later, until 1 January 2099" in html
    assert "and new usage until 1 January 2099." in html
    assert "with **Acme Energy Auditors** until **1 January 2099**" in html
    assert "and new usage until 1 January 2099." in str(receipt["durations"])


def test_a_stranger_learns_no_answer_that_was_given(world: World) -> None:
    """The answer of an approval holds the code: declining afterwards must not hand it out."""
    url = form_url(world.ask(details=MERGED))
    world.browser.post(url, answer("sc_222222"))
    response = Browser().post(url, answer(action="decline"))
    assert response["Location"].startswith("/accounts/login/")


def test_a_disabled_client_is_answered_by_nobody(world: World) -> None:
    """Who was disabled while the form was open gets no consent, and no later one by being enabled
    again."""
    url = form_url(world.ask(details=MERGED))
    world.browser.get(url)
    disable_client(client=world.client, by="test")
    assert world.browser.get(url).status_code == 404
    assert world.browser.post(url, answer("sc_222222")).status_code == 404
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "remove-" + "9" * 5_000},
        {"action": "search-\u0663"},
        {"action": "search-\u00b2"},
        {"removed": ["9" * 5_000]},
        {"shown": ["0", "9" * 5_000]},
        {"request-1-query": "a\x00b"},
        {"request-1-services": ["sc_222222", "a\x00b"]},
    ],
)
def test_garbage_in_the_form_is_no_server_error(world: World, fields: dict[str, Any]) -> None:
    """Endless numbers and NUL bytes come from nobody's browser."""
    url = form_url(world.ask(details=MERGED))
    world.browser.get(url)
    response = world.browser.post(url, answer(action="update") | fields)
    assert response.status_code in {303, 400}
    assert world.browser.get(url).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        answer("sc_222222", action="search-0"),
        answer("sc_222222", action="all-0"),
        answer("sc_222222", action="authorize"),
        {"action": "authorize"},
    ],
    ids=["searched", "all ticked", "approved", "refused"],
)
def test_an_answer_reads_once_what_may_be_chosen(world: World, fields: dict[str, Any]) -> None:
    """The page shows again what the answer was checked against, not a second look at it."""
    url = form_url(world.ask(details=MERGED))
    world.browser.get(url)
    assert world.catalog.asked == 1
    response = world.browser.post(url, fields)
    assert response.status_code in {200, 303}
    assert world.catalog.asked == 2
