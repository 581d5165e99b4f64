"""Sending back what was read changes nothing (CDS-WG1-02 5.5)."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.models import AuditEvent
from registration.models import Client, Message
from tests.properties.parties import call, make_party
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db

names = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=40)
urls = st.sampled_from([None, "https://solar.example/", "https://solar.example/a?b=c"])
edits = st.fixed_dictionaries(
    {},
    optional={
        "client_name": names,
        "contacts": st.lists(st.just("ops@solar.example"), max_size=1),
        "client_uri": urls,
        "tos_uri": urls,
        "policy_uri": urls,
        "scope": st.sampled_from(["cds_usage", "cds_usage cds_service_contracts"]),
        "cds_status": st.sampled_from(["sandbox", "disabled"]),
    },
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(["admin", "grant_admin", "consent", "public"]), st.lists(edits, max_size=2))
def test_a_put_of_a_get_body_changes_nothing(which, before):
    """Whatever the Client is and was made to: no row, no Message, no audit event."""
    offer_demo_scopes()
    with transaction.atomic():
        party = make_party()
        path = f"/cds-api/v1/clients/{party.clients[which].client_id}"
        for edit in before:
            call(party.api, "PUT", path, edit)
        read = call(party.api, "GET", path).json()
        rows = list(Client.objects.order_by("pk").values())
        written = (Message.objects.count(), AuditEvent.objects.count())
        answer = call(party.api, "PUT", path, read)
        assert (answer.status_code, answer.json()) == (200, read)
        assert list(Client.objects.order_by("pk").values()) == rows
        assert (Message.objects.count(), AuditEvent.objects.count()) == written
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("kind", "field"), [("credentials", "client_secret_expires_at"), ("messages", "read")]
)
def test_a_patch_of_a_get_body_changes_nothing(kind, field):
    """All other fields are ignored, this one is as it was (CDS-WG1-02 6.11, 7.6)."""
    party = make_party()
    path = f"/cds-api/v1/{kind}/{party.ids[kind][0]}"
    read = call(party.api, "GET", path).json()
    assert field in read
    answer = call(party.api, "PATCH", path, read)
    assert (answer.status_code, answer.json()) == (200, read)


@pytest.mark.parametrize("number", range(2))
def test_a_patch_of_a_grant_with_its_own_body_is_no_change(number):
    """Scopes and entries are the same; the status is not one that a client may set (8.6)."""
    offer_demo_scopes()
    party = make_party()
    path = f"/cds-api/v1/grants/{party.grants[number].grant_id}"
    read = call(party.api, "GET", path).json()
    same = {name: read[name] for name in ("scope", "authorization_details")}
    answer = call(party.api, "PATCH", path, same)
    assert (answer.status_code, answer.json()) == (200, read)
