"""Each constraint of the models, because coverage cannot see them."""

import pytest
from django.db import IntegrityError

from registration.models import RegistrationMember
from tests.factories.registration import ClientFactory, CoverageEntryFactory, CredentialFactory

pytestmark = pytest.mark.django_db


@pytest.mark.spec("WG1-02 4.2 l", "WG1-02 5.2 a")
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("one_environment", {"cds_status_options": ["production", "sandbox"]}),
        ("status_is_an_option", {"cds_status": "sandbox"}),
        ("no_plain_secret", {"client_secret": "x"}),
    ],
)
def test_a_client_breaks_no_rule(name, fields):
    """CDS-WG1-02 4.2 and 5.1; secrets live in Credentials."""
    with pytest.raises(IntegrityError, match=name):
        ClientFactory.create(**fields)


def test_a_registration_has_one_admin_client():
    """The one that the registration response returned."""
    admin = ClientFactory.create(admin=True)
    with pytest.raises(IntegrityError, match="one_admin"):
        ClientFactory.create(admin=True, registration=admin.registration)


def test_two_secrets_are_never_equal():
    """A secret leads to exactly one Credential."""
    secret = CredentialFactory.create().secret
    with pytest.raises(IntegrityError, match="secret_digest"):
        CredentialFactory.create(plain=secret)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("geographic_has_map", {"geojson": None}),
        ("not_coverage_itself", {"capabilities": ["coverage"]}),
    ],
)
def test_a_coverage_entry_breaks_no_rule(name, fields):
    """CDS-WG1-01 4.3."""
    with pytest.raises(IntegrityError, match=name):
        CoverageEntryFactory.create(**fields)


def test_a_person_has_one_seat(django_user_model):
    """A role is not a matter of which row is read first."""
    person = django_user_model.objects.create(email="dev@example.com")
    registration = ClientFactory.create(admin=True).registration
    RegistrationMember.objects.create(registration=registration, user=person, role="owner")
    with pytest.raises(IntegrityError, match="once"):
        RegistrationMember.objects.create(registration=registration, user=person, role="reader")


def test_what_a_client_says_about_itself():
    """Properties that other apps rely on."""
    public = ClientFactory.create(public=True, name="")
    assert public.client_name == str(public) == public.client_id
    assert public.is_public
    assert public.environment == "sandbox"
    assert public.default_redirect_uri == public.cds_default_redirect_uri
    assert public.redirect_uri_allowed(public.cds_default_redirect_uri)
    assert not public.redirect_uri_allowed("https://evil.example/")
    assert ClientFactory.create(consent=True, production=True).environment == "production"


def test_the_port_of_an_app_may_differ_and_that_of_our_own_page_may_not(settings):
    """An app whose only redirect URI is a loopback address has it as its default, too."""
    settings.BASE_URL = "http://127.0.0.1:8000"
    client = ClientFactory.create(consent=True)
    own = client.redirect_uri_list[0]
    assert own.startswith(settings.BASE_URL)
    assert client.redirect_uri_allowed(own)
    assert not client.redirect_uri_allowed(own.replace(":8000", ":9999"))
    client.redirect_uri_list = ["http://127.0.0.1:9000/callback"]
    client.cds_default_redirect_uri = "http://127.0.0.1:9000/callback"
    assert client.redirect_uri_allowed("http://127.0.0.1:9000/callback")
    assert client.redirect_uri_allowed("http://127.0.0.1:49152/callback")
    assert not client.redirect_uri_allowed("http://127.0.0.1:49152/other")
