"""Sending back what was read changes nothing (CDS-WG1-02 5.5)."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.models import AuditEvent
from registration.models import Client, Message
from registration.services.catalogue.offers import current_offers
from registration.services.catalogue.purposes import initial_purposes
from tests.properties.parties import call, make_party
from tests.registration.support import offer_demo_scopes

pytestmark = pytest.mark.django_db

# What follows from other fields; a PUT may leave it out (decision 23).
FOLLOWS = {"cds_modified": None, "authorization_details_types": None}
OWN = [
    [],
    [{"name": "Savings", "content": "To plan.", "related_uri": None, "related_name": None}],
]

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
        "scope": st.sampled_from(
            ["cds_usage", "cds_service_contracts", "cds_usage cds_service_contracts"]
        ),
        "redirect_uris": st.sampled_from([[], None, ["https://solar.example/cb"]]),
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


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_part_of_the_scope_can_be_given_up_and_taken_back(data):
    """GET with less in `scope`, then GET as it was: the Client is what it was, purposes and all."""
    offer_demo_scopes()
    with transaction.atomic():
        party = make_party()
        client = party.clients["consent"]
        client.scopes = [*client.scopes, "cds_usage_reviewed"]
        client.default_scope = client.scope
        client.purposes = initial_purposes(
            offers=current_offers(), scopes=client.scopes, written=data.draw(st.sampled_from(OWN))
        )
        client.save()
        path = f"/cds-api/v1/clients/{client.client_id}"
        before = call(party.api, "GET", path).json()
        for _ in range(data.draw(st.integers(1, 3))):
            some = data.draw(st.lists(st.sampled_from(client.scopes), min_size=1, unique=True))
            less = before | FOLLOWS | {"scope": " ".join(some), "cds_default_scope": some[0]}
            answer = call(party.api, "PUT", path, less)
            assert answer.status_code == 200, answer.json()
            assert set(answer.json()["scope"].split()) == set(some)
        answer = call(party.api, "PUT", path, before | FOLLOWS)
        assert answer.status_code == 200, answer.json()
        assert answer.json() | FOLLOWS == before | FOLLOWS
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
