"""The authorization endpoint: what is checked before the customer sees anything (WG3-01 9.1.1)."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser
from django.utils import timezone

from consent.models import AuthorizationRequest
from consent.services.authorization import request
from consent.services.authorization.approve import show_request
from portal import retention
from portal.values import jsontext
from tests.consent.oauth.support import (
    CALLBACK,
    CHALLENGE,
    answer_of,
    authorize_url,
    details,
    post,
)
from tests.factories.consent import CustomerFactory, GrantFactory

PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def get(url, **headers):
    return Browser().get(url, headers=headers)


def refused(response) -> dict[str, str]:
    """Return the parameters of an error redirect to the client."""
    assert response.status_code == 303, response.content
    assert response["Location"].startswith(CALLBACK + "?"), response["Location"]
    return answer_of(response["Location"])


def ask(party, **fields):
    return get(authorize_url(party.app, redirect_uri=CALLBACK, **fields))


@pytest.mark.spec("WG3-01 9.1.1 k")
def test_a_good_request_leads_to_its_form(acme):
    """The row keeps everything; the browser gets an id."""
    response = ask(acme, state="s&1", scope="cds_usage")
    row = AuthorizationRequest.objects.get()
    assert response.status_code == 303
    assert response["Location"] == f"/oauth/authorize/{row.request_id}/"
    assert row.params["redirect_uri"] == CALLBACK
    assert row.params["redirect_uri_given"] is True
    assert row.params["state"] == "s&1"
    assert [entry["type"] for entry in row.access] == ["cds_usage"]
    assert "segment_start" in row.access[0]
    assert "Access-Control-Allow-Origin" not in response


def test_the_request_may_be_posted_from_the_clients_page(acme):
    """RFC 6749 3.1; no CSRF token can be known there."""
    fields = {"response_type": "code", "client_id": acme.app.client_id, "redirect_uri": CALLBACK}
    response = Browser(enforce_csrf_checks=True).post("/oauth/authorize", fields)
    assert response.status_code == 303
    assert response["Location"].startswith("/oauth/authorize/ar_")


@pytest.mark.spec("WG3-01 9.1.1 b")
def test_defaults_of_the_client_stand_in(acme):
    """CDS-WG3-01 9.1.1 for scope, authorization_details and redirect_uri."""
    acme.app.default_scope = "cds_usage"
    acme.app.default_authorization_details = [
        {"type": "cds_usage", "contract_numbers": ["222"]},
    ]
    acme.app.save()
    get(authorize_url(acme.app))
    row = AuthorizationRequest.objects.get()
    assert [entry["type"] for entry in row.access] == ["cds_usage"]
    assert row.access[0]["contract_numbers"] == ["222"]
    assert row.params["redirect_uri"] == acme.app.cds_default_redirect_uri
    assert row.params["redirect_uri_given"] is False


def test_what_is_asked_wins_over_defaults(acme):
    """A default is for what is absent."""
    acme.app.default_authorization_details = [{"type": "cds_usage", "contract_numbers": ["222"]}]
    acme.app.save()
    entry = {"type": "cds_service_contracts", "contract_numbers": ["333"]}
    ask(acme, scope="cds_service_contracts", authorization_details=details(entry))
    (access,) = AuthorizationRequest.objects.get().access
    assert (access["type"], access["contract_numbers"]) == ("cds_service_contracts", ["333"])


def test_approval_prompt_cannot_skip_the_customer(acme):
    """A client must never approve for the customer (design.md 4)."""
    GrantFactory.create(client=acme.app)
    response = ask(acme, approval_prompt="auto")
    assert response["Location"].startswith("/oauth/authorize/ar_")
    assert refused(ask(acme, prompt="none", state="x"))["error"] == "interaction_required"


def test_prompt_and_locales_are_kept_for_the_form(acme):
    """CDS-WG1-02 8.3, OpenID Connect Core 3.1.2.1."""
    ask(acme, prompt="login consent", ui_locales="es en")
    params = AuthorizationRequest.objects.get().params
    assert (params["prompt"], params["ui_locales"]) == ("login", "es en")


# --- What shows a page instead of redirecting (decision 17) -------------------------------------


@pytest.mark.spec("WG3-01 9.1.1 a", "WG3-01 9.1.1 c")
@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "cl_unknown"},
        {"client_id": ""},
        {"client_id": "a\x00b"},
        {"redirect_uri": "https://evil.example.com/"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": CALLBACK + "?x=1"},
        {"redirect_uri": CALLBACK.upper()},
        {"redirect_uri": "//app.example.com/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://["},
        {"response_type": "token"},
        {"response_type": "code id_token"},
        {"response_type": ""},
    ],
)
def test_nothing_unproven_redirects(acme, change):
    """Else we would send visitors, or errors, to wherever a stranger likes."""
    response = get(authorize_url(acme.app, **{"redirect_uri": CALLBACK, "state": "s"} | change))
    assert response.status_code == 400
    assert "Location" not in response
    assert response["Content-Type"].startswith("text/html")
    assert not AuthorizationRequest.objects.exists()


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "response_type"])
def test_a_proving_parameter_sent_twice_proves_nothing(acme, name):
    """Of two values another party may have written one."""
    value = {"client_id": acme.app.client_id, "redirect_uri": CALLBACK, "response_type": "code"}[
        name
    ]
    url = authorize_url(acme.app, redirect_uri=CALLBACK) + f"&{name}={value}"
    assert get(url).status_code == 400


def test_a_disabled_client_gets_no_visitors(acme):
    """A client disabled for abuse must not receive people from us, not even with errors."""
    acme.app.cds_status = "disabled"
    acme.app.save()
    assert ask(acme).status_code == 400


def test_a_client_without_consent_scopes_has_no_form(acme):
    """The admin Client registers no response type."""
    assert get(authorize_url(acme.admin)).status_code == 400


# --- What goes back to the client ---------------------------------------------------------------


@pytest.mark.spec("WG3-01 9.1.1 a", "WG3-01 9.1.1 d")
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"scope": "cds_client_admin"}, "invalid_scope"),
        ({"scope": "nonsense"}, "invalid_scope"),
        ({"authorization_details": "{"}, "invalid_authorization_details"),
        ({"authorization_details": '[{"type": "other"}]'}, "invalid_authorization_details"),
        (
            {"authorization_details": '[{"type": "cds_usage", "x": 1}]'},
            "invalid_authorization_details",
        ),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
        ({"cds_grant_id": "gr_unknown"}, "cds_grant_id_invalid_value"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"response_mode": "query "}, "invalid_request"),
    ],
)
def test_other_mistakes_go_back_to_the_client(acme, fields, error):
    """RFC 6749 4.1.2.1, with state (as sent) and iss (RFC 9207)."""
    answer = refused(ask(acme, state="a b&c", **fields))
    assert answer["error"] == error
    assert answer["error_description"]
    assert answer["state"] == "a b&c"
    assert answer["iss"] == "http://testserver"
    assert not AuthorizationRequest.objects.exists()


@pytest.mark.parametrize("name", ["scope", "state", "authorization_details", "code_challenge"])
def test_any_parameter_comes_once(acme, name):
    """RFC 6749 3.1."""
    url = authorize_url(acme.app, redirect_uri=CALLBACK) + f"&{name}=a&{name}=b"
    answer = refused(get(url))
    assert answer["error"] == "invalid_request"
    assert "state" not in answer


@pytest.mark.spec("WG1-02 8.3 e")
def test_parameters_without_value_count_as_absent(acme):
    """RFC 6749 3.1; CDS-WG1-02 8.3 for cds_grant_id."""
    url = authorize_url(acme.app, redirect_uri=CALLBACK) + "&cds_grant_id=&cds_grant_id=&scope="
    assert get(url).status_code == 303
    assert AuthorizationRequest.objects.get().params["cds_grant_id"] is None


def test_errors_never_break_the_redirect(acme):
    """What a client sent comes back in the description, printable and short."""
    answer = refused(ask(acme, scope='nü"\r\nX: y' + "z" * 900))
    assert answer["error"] == "invalid_scope"
    assert answer["error_description"].isascii()
    assert len(answer["error_description"]) <= 500


# --- PKCE and native apps -----------------------------------------------------------------------


def test_public_clients_must_use_pkce(acme):
    """RFC 9700 2.1.1."""
    url = authorize_url(acme.public, redirect_uri="com.example.app:/cb", state="s")
    response = get(url)
    assert response["Location"].startswith("com.example.app:/cb?")
    assert answer_of(response["Location"])["error"] == "invalid_request"
    assert (
        get(authorize_url(acme.public, redirect_uri="com.example.app:/cb", **PKCE)).status_code
        == 303
    )
    assert AuthorizationRequest.objects.get().params["code_challenge_method"] == "S256"


def test_staff_can_require_pkce_of_any_client(acme):
    """Decision 51."""
    assert ask(acme)["Location"].startswith("/oauth/authorize/")
    acme.app.pkce_required = True
    acme.app.save()
    assert refused(ask(acme))["error"] == "invalid_request"
    assert ask(acme, **PKCE)["Location"].startswith("/oauth/authorize/")


@pytest.mark.parametrize(
    ("uri", "status"),
    [
        ("http://127.0.0.1:51234/cb", 303),
        ("http://127.0.0.1/cb", 303),
        ("http://127.0.0.1:51234/other", 400),
        ("http://127.0.0.2:51234/cb", 400),
        ("http://127.0.0.1@evil.example.com:51234/cb", 400),
        ("https://127.0.0.1:51234/cb", 400),
        ("com.example.app:/cb?x", 400),
    ],
)
def test_a_native_app_may_listen_on_any_loopback_port(acme, uri, status):
    """RFC 8252 7.3: the port only, and only on the loopback address."""
    response = get(authorize_url(acme.public, redirect_uri=uri, **PKCE))
    assert response.status_code == status
    if status == 303:
        assert AuthorizationRequest.objects.get().params["redirect_uri"] == uri


@pytest.mark.parametrize(("port", "status"), [(":9", 303), ("", 303), (":9/other", 400)])
def test_a_developers_machine_may_use_any_port(acme, port, status):
    """RFC 8252 7.3, as the docs page says: in the sandbox confidential clients may register it."""
    acme.app.redirect_uri_list = ["http://127.0.0.1:9000/cb", "http://[::1]/cb"]
    acme.app.save()
    for host in ("127.0.0.1", "[::1]"):
        uri = f"http://{host}{port}/cb"
        assert get(authorize_url(acme.app, redirect_uri=uri)).status_code == status


def test_the_name_of_a_developers_machine_is_compared_exactly(acme):
    """RFC 8252 7.3 speaks of addresses; what `localhost` means is up to the machine."""
    acme.app.redirect_uri_list = ["http://localhost:9000/cb"]
    acme.app.save()
    same, other = "http://localhost:9000/cb", "http://localhost:9001/cb"
    assert get(authorize_url(acme.app, redirect_uri=same)).status_code == 303
    assert get(authorize_url(acme.app, redirect_uri=other)).status_code == 400


@pytest.mark.parametrize("mode", ["query", ""])
def test_the_one_response_mode_may_be_named(acme, mode):
    """OAuth 2.0 Multiple Response Types 2.1: it is the default of the response type code."""
    assert ask(acme, response_mode=mode)["Location"].startswith("/oauth/authorize/ar_")


# --- Grants that wait for an authorization (CDS-WG1-02 8.3) -------------------------------------


def test_a_waiting_grant_of_the_client_is_accepted(acme):
    """The form updates it instead of making another."""
    grant = GrantFactory.create(client=acme.app, waiting=True)
    ask(acme, cds_grant_id=grant.grant_id, scope="cds_usage")
    assert AuthorizationRequest.objects.get().params["cds_grant_id"] == grant.grant_id


@pytest.mark.spec("WG1-02 8.3 c", "WG1-02 8.3 d")
@pytest.mark.parametrize("case", ["other client", "active", "more scope"])
def test_an_unfit_grant_is_refused_before_sign_in(acme, rival, case):
    """After everything else was checked."""
    if case == "other client":
        grant = GrantFactory.create(client=rival.app, waiting=True)
    elif case == "active":
        grant = GrantFactory.create(client=acme.app)
    else:
        grant = GrantFactory.create(client=acme.app, waiting=True, scope="cds_usage")
    answer = refused(ask(acme, cds_grant_id=grant.grant_id))
    assert answer["error"] == "cds_grant_id_invalid_value"
    both = refused(ask(acme, cds_grant_id=grant.grant_id, scope="nonsense"))
    assert both["error"] == "invalid_scope"


def test_a_trailing_slash_is_not_needed(acme):
    """OAuth endpoints never redirect for a slash (design.md 4)."""
    assert urlsplit(ask(acme)["Location"]).path.startswith("/oauth/authorize/ar_")


def test_entries_that_repeat_are_stored_once(acme):
    """A hundred entries with their defaults took 123 KB; they read as before."""
    entries = [{"type": "cds_usage", "contract_numbers": [str(number)]} for number in range(100)]
    response = ask(acme, scope="cds_usage", authorization_details=details(*entries))
    assert response["Location"].startswith("/oauth/authorize/ar_"), response["Location"]
    row = AuthorizationRequest.objects.get()
    assert len(jsontext.dumps(row.access)) < 10_000
    assert [entry["contract_numbers"] for entry in row.entries] == [[str(n)] for n in range(100)]
    assert {len(entry) for entry in row.entries} == {len(row.entries[0])}
    assert len(jsontext.dumps(row.entries)) > 100_000


def test_a_browser_brings_a_bounded_request(acme):
    """The error names the field and the rule; a client with a secret may push more."""
    numbers = [[f"{part}{number:017}" for number in range(900)] for part in range(5)]
    fields = {
        "response_type": "code",
        "client_id": acme.app.client_id,
        "redirect_uri": CALLBACK,
        "authorization_details": details(
            *({"type": "cds_usage", "contract_numbers": each} for each in numbers)
        ),
    }
    response = Browser().post("/oauth/authorize", fields)
    answer = refused(response)
    assert answer["error"] == "invalid_authorization_details"
    assert "authorization_details: takes at most 65536 bytes" in answer["error_description"]
    assert not AuthorizationRequest.objects.exists()
    pushed = post("/oauth/par", acme.app_credential, **fields)
    assert pushed.status_code == 201, pushed.content


def test_an_address_stores_so_much_an_hour(acme, monkeypatch, stopped_clock):
    """Anyone may send these, and each is a row; the next hour begins anew."""
    ask(acme)
    row = AuthorizationRequest.objects.get()
    size = len(jsontext.dumps(row.access)) + len(jsontext.dumps(row.params)) + request.ROW
    monkeypatch.setattr(request, "STORED_BY_ONE", f"{size}/hour")
    statuses = [ask(acme).status_code for _ in range(3)]
    assert statuses == [303, 429, 429]
    other = Browser(REMOTE_ADDR="203.0.113.9")
    assert other.get(authorize_url(acme.app, redirect_uri=CALLBACK)).status_code == 303
    monkeypatch.setattr(request, "STORED_BY_STRANGERS", "1/hour")
    refusal = other.get(authorize_url(acme.app, redirect_uri=CALLBACK))
    assert refusal.status_code == 429
    assert refusal["Retry-After"]


def test_requests_that_nobody_read_go_after_an_hour(acme):
    """Those that a customer has seen wait for a day more: somebody may ask what became of them."""
    now = timezone.now()
    ask(acme)
    seen = AuthorizationRequest.objects.get()
    show_request(request=seen, user=CustomerFactory.create())
    ask(acme)
    retention.sweep(now=now + timedelta(minutes=59))
    assert AuthorizationRequest.objects.count() == 2
    retention.sweep(now=now + timedelta(minutes=61))
    assert AuthorizationRequest.objects.get() == seen
    retention.sweep(now=now + timedelta(hours=27))
    assert not AuthorizationRequest.objects.exists()
