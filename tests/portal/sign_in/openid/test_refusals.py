"""Sign-ins that must not work, and what the person reads then."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal import auth as totp
from allauth.socialaccount.models import SocialAccount
from django.contrib.sessions.models import Session
from django.core import mail
from django.utils import timezone

from customerdata.demo.people import lasting_code
from portal.models import User
from tests.portal.sign_in.openid.support import (
    ANA,
    configure,
    entry,
    heading,
    link_back,
    tree_of,
)

pytestmark = pytest.mark.django_db

OVER = "This sign-in has expired"
FAILED = "Signing in with Utility Login did not work"
UNANSWERED = "Utility Login is not responding"


def local(email="ana@example.com", *, verified=True, **more):
    """Somebody who has an account here, with a password."""
    user = User.objects.create_user(email, "a-long-enough-password", **more)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def is_signed_in(traveller):
    """Whether the portal knows who this is."""
    return "_auth_user_id" in traveller.browser.session


def with_parameter(url, name, value):
    """Return an address with one parameter changed."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return parts._replace(query=urlencode(query | {name: value})).geturl()


def test_a_state_of_nobody(utility_login, traveller):
    """Somebody else's answer, brought by a link: not taken, and the way back is still known."""
    url = traveller.visit(traveller.begin(next="/sharing/"))
    answer = traveller.arrive(with_parameter(url, "state", "guessed"))
    assert (answer.status_code, heading(answer)) == (400, OVER)
    assert link_back(answer) == "/accounts/login/?next=%2Fsharing%2F"
    assert not is_signed_in(traveller)
    assert not User.objects.exists()


def test_a_state_works_once_and_in_one_browser(utility_login, traveller):
    """Neither again nor elsewhere."""
    url = traveller.visit(traveller.begin())
    elsewhere = type(traveller)(type(traveller.browser)())
    assert heading(elsewhere.arrive(url)) == OVER
    assert traveller.arrive(url).status_code == 302
    assert is_signed_in(traveller)
    assert heading(traveller.arrive(url)) == OVER


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("wrong_nonce", FAILED),
        ("no_nonce", FAILED),
        ("other_subject", FAILED),
        ("foreign_key", FAILED),
        ("other_issuer", FAILED),
        ("other_host", UNANSWERED),
    ],
)
def test_a_provider_that_goes_wrong(utility_login, traveller, fault, says):
    """Each check of OpenID Connect Core 3.1.3.7 and 5.3.2, and the guard of outgoing requests."""
    url = traveller.visit(traveller.begin(next="/sharing/"))
    utility_login.spoil(fault)
    answer = traveller.arrive(url)
    assert (answer.status_code, heading(answer)) == (502, says)
    assert link_back(answer) == "/accounts/login/?next=%2Fsharing%2F"
    assert not is_signed_in(traveller)
    assert not User.objects.exists()


def test_an_answer_that_names_another_issuer(utility_login, traveller):
    """RFC 9207."""
    url = traveller.visit(traveller.begin())
    answer = traveller.arrive(with_parameter(url, "iss", "https://other.example"))
    assert heading(answer) == FAILED
    assert not is_signed_in(traveller)
    url = traveller.visit(traveller.begin())
    assert traveller.arrive(with_parameter(url, "iss", f"{utility_login.url}/"))["Location"] == "/"


@pytest.mark.parametrize("error", ["server_error", "login_required", "made_up"])
def test_an_error_of_the_provider(utility_login, traveller, error):
    """The person reads our words, never those of the address."""
    state = parse_qs(urlsplit(traveller.begin(next="/sharing/")).query)["state"][0]
    told = urlencode({"error": error, "error_description": "Call 555-0100", "state": state})
    answer = traveller.arrive(f"/accounts/oidc/utility/login/callback/?{told}")
    assert (answer.status_code, heading(answer)) == (502, FAILED)
    assert link_back(answer) == "/accounts/login/?next=%2Fsharing%2F"
    assert "555-0100" not in tree_of(answer.content.decode()).xpath("string(//main)")


def test_a_code_of_nobody(utility_login, traveller):
    """The provider refuses it, and says so in JSON that no page repeats."""
    url = traveller.visit(traveller.begin())
    answer = traveller.arrive(with_parameter(url, "code", "guessed"))
    assert heading(answer) == FAILED
    assert "invalid_grant" not in answer.content.decode()


def test_an_address_that_nobody_confirmed(utility_login, traveller):
    """Neither takes over the account with this address nor opens one that waits for its owner."""
    utility_login.arrange("http://testserver", {**ANA, "verified": False})
    answer = traveller.sign_in()
    assert (answer.status_code, heading(answer)) == (403, "Your email address is not confirmed")
    assert not User.objects.exists()
    user = local()
    # The words do not tell whether there is an account.
    assert heading(traveller.sign_in()) == "Your email address is not confirmed"
    assert not is_signed_in(traveller)
    assert not SocialAccount.objects.filter(user=user).exists()
    assert mail.outbox == []


@pytest.mark.parametrize("said", ["false", "no", 1, None, [True]])
def test_only_yes_means_confirmed(utility_login, traveller, said):
    """allauth itself takes every value that is not empty."""
    claims = {"email_verified": said}
    utility_login.arrange("http://testserver", {**ANA, "claims": claims})
    assert heading(traveller.sign_in()) == "Your email address is not confirmed"


def test_no_address(utility_login, traveller):
    """Accounts here have one."""
    utility_login.arrange("http://testserver", {**ANA, "claims": {"email": None}})
    assert heading(traveller.sign_in()) == "We need your email address"
    assert not User.objects.exists()


def test_the_address_of_an_existing_account(utility_login, traveller):
    """By default it is for the person to connect the two, with the password of the account."""
    user = local()
    answer = traveller.sign_in(next="/sharing/")
    assert heading(answer) == "You already have an account here"
    assert link_back(answer) == "/accounts/login/?next=%2Fsharing%2F"
    assert not is_signed_in(traveller)
    assert not SocialAccount.objects.exists()
    user.refresh_from_db()
    assert user.check_password("a-long-enough-password")


def test_a_trusted_provider_matches_confirmed_addresses(utility_login, traveller, settings):
    """`match_email`: the same person from then on, whatever the address becomes."""
    configure(settings, entry(utility_login.url, match_email=True))
    user = local()
    assert traveller.sign_in()["Location"] == "/"
    assert traveller.browser.session["_auth_user_id"] == str(user.pk)
    assert SocialAccount.objects.get().user == user
    user.refresh_from_db()
    assert user.check_password("a-long-enough-password")


def test_a_match_ends_the_password_of_whoever_waited(utility_login, traveller, settings):
    """Somebody signed up with a stranger's address; the owner comes with the provider."""
    configure(settings, entry(utility_login.url, match_email=True))
    user = local(verified=False)
    traveller.sign_in()
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_an_address_that_somebody_only_wrote_down_matches_nothing(
    utility_login, traveller, settings
):
    """An account in use, with its own confirmed address, gets nobody by a stranger's address."""
    configure(settings, entry(utility_login.url, match_email=True))
    user = local(verified=False)
    EmailAddress.objects.create(user=user, email="own@acme.example", verified=True)
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    traveller.sign_in()
    assert not is_signed_in(traveller)
    assert not SocialAccount.objects.exists()


def test_unconfirmed_addresses_are_never_matched(utility_login, traveller, settings):
    """Also where the operator trusts the provider."""
    configure(settings, entry(utility_login.url, match_email=True))
    utility_login.arrange("http://testserver", {**ANA, "verified": False})
    local()
    assert heading(traveller.sign_in()) == "Your email address is not confirmed"
    assert not is_signed_in(traveller)


def test_staff_are_never_matched(utility_login, traveller, settings):
    """An address must not lead to the right to decide about others."""
    configure(settings, entry(utility_login.url, match_email=True))
    local(is_staff=True)
    assert heading(traveller.sign_in()) == "You already have an account here"
    assert not is_signed_in(traveller)


def test_staff_still_need_their_second_factor(utility_login, traveller):
    """The provider opens the first door only; meanwhile the session holds no token of it."""
    traveller.sign_in()
    user = User.objects.get()
    User.objects.update(is_staff=True)
    totp.TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    traveller.browser.logout()
    answer = traveller.sign_in(next="/sharing/")
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(traveller)
    stored = str([session.get_decoded() for session in Session.objects.all()])
    assert "socialaccount" in stored
    assert "access" not in stored
    code = {"code": lasting_code("JBSWY3DPEHPK3PXP")}
    answer = traveller.browser.post("/accounts/2fa/authenticate/", code)
    assert answer["Location"] == "/sharing/"
    assert is_signed_in(traveller)


def test_inactive_people_stay_out(utility_login, traveller):
    """Whatever the provider says."""
    traveller.sign_in()
    User.objects.update(is_active=False)
    traveller.browser.logout()
    assert traveller.sign_in()["Location"] == "/accounts/inactive/"
    assert not is_signed_in(traveller)


def test_a_link_takes_nobody_to_the_provider(utility_login, traveller):
    """GET shows a button; without our token a POST of another site is refused."""
    page = traveller.browser.get("/accounts/oidc/utility/login/?process=connect&next=/sharing/")
    assert heading(page) == "Continue with Utility Login"
    strict = type(traveller.browser)(enforce_csrf_checks=True)
    assert strict.post("/accounts/oidc/utility/login/").status_code == 403


@pytest.mark.parametrize("name", ["other", "openid_connect", "utility2"])
def test_unknown_providers_are_404(utility_login, traveller, name):
    """Also by the name under which the library knows all of them."""
    for path in ("login", "login/callback"):
        assert traveller.browser.get(f"/accounts/oidc/{name}/{path}/").status_code == 404


def test_the_request_cannot_widen_what_is_asked(utility_login, traveller):
    """allauth itself takes scopes and parameters from the address."""
    path = "/accounts/oidc/utility/login/?scope=admin&auth_params=prompt%3Dnone&next=//evil.example"
    query = parse_qs(urlsplit(traveller.begin(path)).query)
    assert set(query["scope"][0].split()) == {"openid", "profile", "email"}
    assert "prompt" not in query
    assert query["redirect_uri"] == ["http://testserver/accounts/oidc/utility/login/callback/"]
    assert traveller.arrive(traveller.visit(traveller.begin(path)))["Location"] == "/"


def test_starts_are_limited(utility_login, traveller, settings, stopped_clock):
    """Each makes this server ask the provider."""
    settings.PROVIDER_STARTS = "3/day"
    path = "/accounts/oidc/utility/login/"
    statuses = [traveller.browser.post(path).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_a_provider_that_never_answers(utility_login, traveller, settings):
    """Nobody waits longer than the limit."""
    settings.OUTBOUND_SILENCE_SECONDS = 0.2
    configure(settings, entry(f"{utility_login.url}/slow"))
    answer = traveller.browser.post("/accounts/oidc/utility/login/")
    assert (answer.status_code, heading(answer)) == (502, UNANSWERED)
