"""What a rule was checked on may have changed before its lock was had: it is checked on the row."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from consent.catalogue.demo_offers import demo_offers
from consent.services import tokens
from consent.services.tokens import TokenOwner
from portal.background import mail_shares
from portal.errors import DomainError
from portal.http.ratelimits import TooManyRequests
from portal.models import OutboxEntry
from registration.errors import InvalidRequest
from registration.fields.types import FieldType, RegistrationField, ValueFormat
from registration.models import Client, CoverageEntry, OfferedScope
from registration.models.onboarding import ClientLogo
from registration.services.catalogue import fields, offers
from registration.services.catalogue.fields import set_field
from registration.services.catalogue.offers import load_offers
from registration.services.clients import website_and_logo
from registration.services.clients.create_production import create_production_client
from registration.services.clients.update import (
    disable_client,
    enable_client,
    update_client,
)
from registration.services.credentials import lifecycle
from registration.services.credentials.lifecycle import (
    MAX_WORKING,
    create_credential,
    expire_credential,
    set_expiry_from_wire,
)
from registration.services.messages import mail_contacts, receive
from registration.services.messages.attachments import received_file
from registration.services.messages.mail_contacts import NOTICES_PER_DAY, promise_mails
from registration.services.messages.receive import create_message
from registration.services.messages.write import send_message
from registration.services.metadata.coverage import delete_coverage_entry
from registration.services.onboarding.steps import SHARE, send_code
from registration.services.storage.room import TooMuchToday, daily_bytes
from tests.factories.consent import GrantFactory
from tests.factories.registration import (
    ClientFactory,
    CoverageEntryFactory,
    CredentialFactory,
    MessageFactory,
    RegistrationFactory,
)
from tests.races import after, at_once, stop_in_flight
from tests.registration.onboarding_support import offer_with, picture, register, requirement
from tests.registration.support import offer_demo_scopes

VICTIM = "ana@victim.example"


@pytest.mark.django_db(transaction=True)
def test_two_messages_at_once_share_the_files_of_a_day(monkeypatch, settings, tmp_path):
    """Each alone would find room."""
    settings.MESSAGE_ATTACHMENT_MAX_BYTES = 1000
    offer_demo_scopes()
    admin = ClientFactory.create(admin=True)
    MessageFactory.create(
        registration=admin.registration, creator=admin.client_id, size=daily_bytes() - 3000
    )

    def send() -> Any:
        (tmp_path / "a.txt").write_bytes(b"a" * 1000)
        with (tmp_path / "a.txt").open("rb") as content:
            file = received_file(filename="a.txt", declared_type="text/plain", content=content)
            letter = {"type": "private_message", "name": "A", "description": "B"}
            return create_message(client=admin, payload=letter, files=[file], by="client:a")

    begun = stop_in_flight(monkeypatch, receive, "store_attachments")
    first, second = at_once(send, partial(after, begun, send))
    assert first.attachments.get().size == 1000
    assert isinstance(second, TooMuchToday)


@pytest.mark.django_db(transaction=True)
def test_a_request_about_another_partys_client_leaves_that_party_free():
    """Two parties that ask about each other's Clients at once wait for nobody."""
    offer_demo_scopes()
    admins = [ClientFactory.create(admin=True) for _ in range(2)]
    apps = [ClientFactory.create(consent=True, registration=a.registration) for a in admins]

    def ask(admin: Client, app: Client) -> Any:
        uri = f"http://testserver/cds-api/v1/clients/{app.client_id}"
        wanted = [{"scope": "cds_usage", "authorization_details": []}]
        letter = {
            "type": "grant_request",
            "name": "",
            "description": "",
            "related_uri": uri,
            "grants_requested": wanted,
        }
        return create_message(client=admin, payload=letter, by="client:a")

    calls = [partial(ask, admins[0], apps[1]), partial(ask, admins[1], apps[0])]
    made = at_once(*calls, *calls, *calls)
    assert [each.type for each in made] == ["grant_request"] * 6


@pytest.mark.django_db(transaction=True)
def test_two_notices_at_once_share_the_mails_of_a_day(monkeypatch):
    """Two registrations name the address of one stranger."""
    parties = [RegistrationFactory.create(contacts=[VICTIM]) for _ in range(NOTICES_PER_DAY + 1)]
    letters = [send_message(registration=p, name="A", description="B", by="staff") for p in parties]
    for letter in letters[:-2]:
        promise_mails(message_id=letter.message_id)
    begun = stop_in_flight(monkeypatch, mail_shares, "enqueue")
    first, second = (partial(promise_mails, message_id=x.message_id) for x in letters[-2:])
    at_once(first, partial(after, begun, second))
    assert OutboxEntry.objects.filter(task=mail_contacts.TASK).count() == NOTICES_PER_DAY


@pytest.mark.django_db(transaction=True)
def test_two_codes_at_once_share_the_codes_of_an_hour(monkeypatch):
    """Any number of registrations may name the address."""
    offer_with("email_verification")
    steps = [requirement(register(contacts=[VICTIM]), "email_verification") for _ in range(2)]
    ask = [partial(send_code, requirement=step, language="en", by="link:x") for step in steps]
    for _ in range(SHARE.limits[0][1] - 1):
        ask[0]()
    begun = stop_in_flight(monkeypatch, mail_shares, "enqueue")
    _, refused = at_once(ask[0], partial(after, begun, ask[1]))
    assert isinstance(refused, TooManyRequests)


@pytest.mark.django_db(transaction=True)
def test_two_secrets_made_at_once_share_the_limit(monkeypatch):
    """Whoever comes second finds it reached."""
    client = ClientFactory.create(consent=True)
    for _ in range(MAX_WORKING - 1):
        CredentialFactory.create(client=client)
    begun = stop_in_flight(monkeypatch, lifecycle, "store_credential")
    make = partial(create_credential, client=client, by="dev")
    _, refused = at_once(make, partial(after, begun, make))
    assert isinstance(refused, InvalidRequest)
    assert client.credentials.count() == MAX_WORKING


@pytest.mark.django_db(transaction=True)
def test_no_scope_is_offered_for_coverage_that_is_being_deleted(monkeypatch):
    """What is offered names nothing that is not there (CDS-WG1-02 3.4)."""
    entry = CoverageEntryFactory.create()
    wanted = demo_offers()
    wanted["cds_usage"] = replace(wanted["cds_usage"], coverages=(entry.entry_id,))
    begun = stop_in_flight(monkeypatch, offers, "_store")
    delete = partial(delete_coverage_entry, entry_id=entry.entry_id, by="staff")
    _, refused = at_once(partial(load_offers, wanted.values()), partial(after, begun, delete))
    assert isinstance(refused, InvalidRequest)
    assert CoverageEntry.objects.exists()
    assert OfferedScope.objects.filter(settings__coverages__contains=[entry.entry_id]).exists()


@pytest.mark.django_db(transaction=True)
def test_two_fields_made_at_once_do_not_share_a_name(monkeypatch):
    """A registration request could not tell them apart (CDS-WG1-02 3.5)."""
    field = RegistrationField(
        id="vat",
        type=FieldType.REGISTRATION_FIELD,
        name="VAT number",
        description="The VAT number.",
        field_name="cds_vat",
        format=ValueFormat.STRING,
    )
    begun = stop_in_flight(monkeypatch, fields, "to_json")
    add = partial(set_field, field=field, by="staff")
    twin = partial(set_field, field=replace(field, id="twin"), by="staff")
    _, refused = at_once(add, partial(after, begun, twin))
    assert isinstance(refused, DomainError)


@pytest.mark.django_db
def test_a_website_is_not_confirmed_by_a_contact_that_goes_meanwhile(monkeypatch):
    """A stranger's server takes its time; the contacts that it was looked at for may change."""
    offer_with("email_verification")
    party = register(client_uri="https://solar.example/")
    step = requirement(party, "email_verification")
    step.answer, step.status = {"address": "ops@solar.example"}, "complete"
    step.decided = timezone.now()
    step.save()
    client = Client.objects.get(registration=party, response_types=["code"])
    assert website_and_logo.confirm_website(client, client.client_uri)
    payload = {"client_uri": client.client_uri, "contacts": ["ops@other.example"]}
    update_client(client=client, payload=payload, by="dev")
    assert not website_and_logo.confirm_website(client, client.client_uri)
    assert Client.objects.get(pk=client.pk).website_confirmed is None


@pytest.mark.django_db
def test_of_two_fetches_of_a_logo_at_once_the_first_counts():
    """The picture that staff saw does not change behind it."""
    uri = "https://solar.example/logo.png"
    client = ClientFactory.create(consent=True, logo_uri=uri)
    assert website_and_logo.keep_logo(client, uri, picture())
    first = ClientLogo.objects.get()
    assert not website_and_logo.keep_logo(client, uri, picture(size=(4, 4)))
    assert ClientLogo.objects.get() == first
    stale = Client.objects.get(pk=client.pk)
    stale.logo_uri = ""
    website_and_logo.drop_logo(stale)
    assert ClientLogo.objects.get() == first


@pytest.mark.django_db
def test_a_production_client_begins_with_what_the_sandbox_client_says_now():
    """Whatever copy of it somebody has."""
    offer_demo_scopes()
    stale = ClientFactory.create(consent=True, name="Old")
    update_client(client=stale, payload={"client_name": "New"}, by="dev")
    stale.name = "Old"
    made = create_production_client(sandbox=stale, scopes=stale.scopes, by="staff")
    assert made is not None
    assert made.name == "New"


@pytest.mark.django_db
def test_a_secret_that_ended_meanwhile_is_not_said_to_last_for_ever():
    """`0` means that it never ends: an old copy of the row may still say so."""
    credential = CredentialFactory.create()
    stale = type(credential).objects.get(pk=credential.pk)
    expire_credential(credential=credential, at=timezone.now(), by="dev")
    with pytest.raises(InvalidRequest):
        set_expiry_from_wire(credential=stale, value=0, by="dev")


@pytest.mark.django_db
def test_enabling_a_client_revives_no_token_of_a_request_that_was_under_way():
    """It had looked at the Client before the disabling, and stored its token after it."""
    client = ClientFactory.create(public=True)
    grant = GrantFactory.create(client=client)
    under_way = TokenOwner(client=client, credential=None, grant=grant, user=grant.user)
    disable_client(client=client, by="staff")
    expires = timezone.now() + timedelta(hours=1)
    tokens.store_access_token(owner=under_way, raw="a", scope_ids=["cds_usage"], expires=expires)
    tokens.store_refresh_token(owner=under_way, raw="r", scope="cds_usage")
    enable_client(client=client, by="staff")
    for found in (tokens.find_access_token("a"), tokens.find_refresh_token("r")):
        assert found is not None
        assert not tokens.is_alive(found, now=timezone.now())
