"""A text that is too long for its column is refused in words, wherever it comes from."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialAccount
from django.forms import CharField, Form
from django.test import Client

from customerdata.pages import account_link
from portal.models import User
from portal.models.user import MAX_ADDRESS
from portal.sign_in import forms as identity
from portal.sign_in.openid.problems import SignInProblem
from registration.pages.onboarding import forms as onboarding
from tests.portal.sign_in.openid.support import configure, entry
from tests.registration.onboarding_support import offer_with, path_of, register, requirement
from tests.registration.support import register_demo_client

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-enough-password"
TWICE = {"password1": PASSWORD, "password2": PASSWORD}
# Legal as an address, apart from its length: labels have at most 63 characters.
LONG = "ana@" + ("x" * 60 + ".") * 4 + "x" * 44 + ".example"
TEXTS = ["x" * 300, "x" * 5000, LONG, f"https://x.example/{'x' * 3000}", "é" * 300]


@pytest.fixture
def ana(client) -> User:
    """Somebody signed in, who has just been asked again."""
    user = User.objects.create_user("ana@example.com", PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return user


def test_columns_of_addresses_are_as_long_as_we_say():
    """The limit that pages name is that of the database."""
    for model in (User, EmailAddress):
        assert model._meta.get_field("email").max_length == MAX_ADDRESS


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/accounts/signup/", {"email": LONG, **TWICE}),
        ("/accounts/password/reset/", {"email": LONG}),
        ("/accounts/email/", {"email": LONG, "action_add": "1"}),
    ],
)
def test_an_address_that_is_too_long_is_refused_in_words(client, ana, path, fields):
    """The limit and how long it is; nothing is kept."""
    assert len(LONG) == 300
    visitor = client if path == "/accounts/email/" else Client()
    page = visitor.post(path, fields)
    assert page.status_code == 200
    words = "An address can have at most 254 characters; this one has 300."
    assert words in page.content.decode()
    assert EmailAddress.objects.count() == 1
    assert User.objects.count() == 1


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/accounts/signup/", ["email", "password1", "password2"]),
        ("/accounts/login/", ["login", "password", "next"]),
        ("/accounts/password/reset/", ["email"]),
        ("/accounts/password/change/", ["oldpassword", "password1", "password2"]),
        ("/accounts/reauthenticate/", ["password"]),
        ("/accounts/email/", ["email", "action_add"]),
        ("/accounts/email/", ["email", "action_remove"]),
        ("/accounts/email/", ["email", "action_send"]),
        ("/accounts/2fa/totp/activate/", ["code"]),
        ("/accounts/connections/", ["account"]),
        ("/accounts-link/", ["account_number"]),
        ("/language/", ["language", "next"]),
    ],
)
def test_no_page_fails_over_a_long_text(client, ana, path, names, text):
    """A page says what is wrong, or takes it."""
    for visitor in (client, Client()):
        assert visitor.post(path, dict.fromkeys(names, text)).status_code < 500
        assert visitor.get(path, dict.fromkeys([*names, "email"], text)).status_code < 500


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("field_id", ["email_verification", "terms_form"])
def test_no_page_of_onboarding_fails_over_a_long_text(field_id, text):
    """Codes, names and roles."""
    offer_with(field_id)
    path = path_of(requirement(register(), field_id))
    sent = dict.fromkeys(("code", "name", "title"), text) | {"agree": "on"}
    assert Client().post(path, sent).status_code < 500


@pytest.mark.parametrize(
    "form",
    [
        *(form for form in vars(onboarding).values() if isinstance(form, type)),
        *(form for form in vars(account_link).values() if isinstance(form, type)),
    ],
)
def test_every_text_field_of_ours_has_a_limit(form):
    """One without would be bounded by the size of a request alone."""
    if not issubclass(form, Form):
        return
    for name, field in form.base_fields.items():
        if isinstance(field, CharField) and not hasattr(field, "regex"):
            assert field.max_length, name


STRINGS = (
    "client_name",
    "client_uri",
    "logo_uri",
    "tos_uri",
    "policy_uri",
    "scope",
    "token_endpoint_auth_method",
    "cds_default_scope",
    "cds_default_redirect_uri",
)
ARRAYS = ("contacts", "redirect_uris", "grant_types", "response_types")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", [*STRINGS, *ARRAYS])
def test_no_registration_fails_over_a_long_text(name, text):
    """201 for what fits, else 400 with the field's name and a reason."""
    offer_with("email_verification")
    value: Any = [text] if name in ARRAYS else text
    answer = register_demo_client(**{"contacts": ["ops@solar.example"], name: value})
    assert answer.status_code in {201, 400}, answer.content
    if answer.status_code == 400:
        assert name in answer.json()["error_description"]


@pytest.fixture
def provider(settings, rf) -> Any:
    """A provider of sign-in, as far as it needs no network."""
    configure(settings, entry("https://provider.example"))
    return get_adapter().get_provider(rf.get("/"), "utility")


def test_a_subject_that_cannot_be_kept_whole_is_nobody(provider):
    """Cut off, it might be somebody else's."""
    limit = SocialAccount._meta.get_field("uid").max_length
    assert provider.extract_uid({"sub": "x" * limit}) == "x" * limit
    with pytest.raises(SignInProblem, match="191"):
        provider.extract_uid({"sub": "x" * (limit + 1)})


def test_an_address_of_a_provider_that_is_too_long_is_none(provider):
    """The person reads that an address is missing; a shortened one would be somebody else's."""
    told = {"sub": "s", "email": LONG, "email_verified": True}
    assert provider.extract_email_addresses(told) == []
    assert "email" not in provider.extract_common_fields(told)
    told["email"] = "ana@example.com"
    assert provider.extract_common_fields(told)["email"] == "ana@example.com"


def test_forms_of_sign_in_are_ours():
    """The library's would come back unseen with a mistyped setting."""
    from allauth.account import app_settings
    from allauth.utils import get_form_class

    assert get_form_class(app_settings.FORMS, "signup", None) is identity.SignUpForm
    assert get_form_class(app_settings.FORMS, "reset_password", None) is identity.ResetForm
