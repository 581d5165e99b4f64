"""The one table of Message types and statuses, against the specification's own table."""

import json
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registration.errors import InvalidRequest
from registration.models import Message
from registration.models.message_states import CLIENT, KINDS, SERVER, STATUSES, may_become
from registration.services.messages.write import ForbiddenStatus, update_request
from tests.factories.registration import ClientFactory, MessageFactory, RegistrationFactory

SPEC = json.loads((Path(__file__).parents[3] / "spec" / "messages.json").read_text())
TYPES = SPEC["message_types"]
ANSWERED = set(TYPES["request_update"]["replies_to"]) | {"field_changes"}


@pytest.mark.spec("WG1-02 6.2 a")
def test_every_type_and_nothing_else():
    """CDS-WG1-02 6.2 lists twelve."""
    assert set(KINDS) == set(TYPES)
    assert len(KINDS) == 12


@pytest.mark.spec("WG1-02 6.3 a")
@pytest.mark.parametrize("name", TYPES)
def test_statuses_are_those_of_the_standard(name):
    """CDS-WG1-02 6.3, type by type."""
    assert KINDS[name].statuses == set(TYPES[name]["allowed_statuses"])


@pytest.mark.parametrize("name", TYPES)
def test_creators_are_those_of_the_standard(name):
    """Decision 31: submissions come from Clients, production requests also from the server."""
    expected = {who.split(" ")[0] for who in TYPES[name]["creators"]}
    assert KINDS[name].creators == expected | ({SERVER} if name == "production_request" else set())


@pytest.mark.spec("WG1-02 6.3 b", "WG1-02 6.9 n")
@pytest.mark.parametrize("name", sorted(set(TYPES) - {"request_update"}))
def test_they_start_as_the_standard_says(name):
    """CDS-WG1-02 6.9 for Clients, 6.3 for the server's."""
    assert KINDS[name].initial == {TYPES[name]["initial_status"]}
    if CLIENT in KINDS[name].creators:
        assert KINDS[name].client_status == TYPES[name]["initial_status"]


@pytest.mark.parametrize("name", TYPES)
def test_updates_answer_only_what_they_may(name):
    """6.2 lists them; field_changes are treated alike (decision 30)."""
    assert KINDS[name].is_answered_by_update == (name in ANSWERED)


@pytest.mark.parametrize("name", TYPES)
def test_every_status_can_be_reached_and_decisions_stand(name):
    """No row of the table is dead, and nothing leads out of complete or rejected."""
    kind = KINDS[name]
    reached = set(kind.initial)
    for _ in STATUSES:
        reached |= {new for old in reached for new in kind.transitions[old]}
    assert reached == kind.statuses
    for end in {"complete", "rejected"} & kind.statuses:
        assert kind.transitions[end] == frozenset()


@pytest.mark.django_db
@pytest.mark.parametrize("name", KINDS)
def test_the_service_draws_the_whole_table(name):
    """Every pair of statuses: allowed ones happen, all others are refused and change nothing."""
    for old in KINDS[name].statuses:
        for new in STATUSES:
            message = _make(name, old)
            if may_become(name, old, new):
                update = update_request(message=message, status=new, description="x", by="system")
                assert (update.type, update.status) == ("request_update", new)
            else:
                with pytest.raises(ForbiddenStatus):
                    update_request(message=message, status=new, description="x", by="system")
            message.refresh_from_db()
            assert message.status == (new if may_become(name, old, new) else old)


@pytest.mark.django_db
@pytest.mark.parametrize("name", KINDS)
def test_the_database_refuses_other_statuses_too(name):
    """A constraint, because coverage cannot see a missing one."""
    for status in STATUSES - KINDS[name].statuses:
        with pytest.raises(IntegrityError, match="status_of_type"), transaction.atomic():
            _make(name, status)


@pytest.mark.spec("WG1-02 6.9 d")
@pytest.mark.django_db
@pytest.mark.parametrize("name", [n for n, kind in KINDS.items() if CLIENT not in kind.creators])
def test_clients_create_only_their_own_types(name):
    """6.2 again, in the database."""
    with pytest.raises(IntegrityError, match="creator_of_type"), transaction.atomic():
        _make(name, next(iter(KINDS[name].initial)), creator="cl_x")


@pytest.mark.spec("WG1-02 6.1 d")
@pytest.mark.django_db
def test_a_link_has_a_type():
    """CDS-WG1-02 6.1: related_uri needs related_type."""
    with pytest.raises(IntegrityError, match="related_in_pairs"), transaction.atomic():
        MessageFactory.create(related_uri="https://x.example/")


@pytest.mark.django_db
def test_an_update_answers_something():
    """It carries the status of another Message."""
    with pytest.raises(IntegrityError, match="update_of_something"), transaction.atomic():
        MessageFactory.create(type="request_update")


@pytest.mark.django_db
def test_one_production_request_waits_per_client():
    """Two staff members would make two production Clients."""
    client = ClientFactory.create(consent=True)
    fields = {"type": "production_request", "status": "pending", "client": client}
    MessageFactory.create(registration=client.registration, **fields)
    with pytest.raises(IntegrityError, match="one_production_request"), transaction.atomic():
        MessageFactory.create(registration=client.registration, **fields)


@pytest.mark.spec("WG1-02 6.3 f")
@pytest.mark.django_db
def test_a_rejection_needs_a_reason():
    """CDS-WG1-02 6.3."""
    message = _make("grant_request", "pending")
    with pytest.raises(InvalidRequest, match="reason"):
        update_request(message=message, status="rejected", description=" ", by="system")
    message.refresh_from_db()
    assert message.status == "pending"


@pytest.mark.django_db(transaction=False)
@hypothesis_settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(sorted(KINDS)),
    wishes=st.lists(st.sampled_from(sorted(STATUSES)), max_size=6),
)
def test_no_sequence_of_updates_leaves_the_table(name, wishes):
    """Whatever staff try, the status stays one of the type's, and an ended one never moves."""
    message = _make(name, sorted(KINDS[name].initial)[0])
    for wish in wishes:
        before = message.status
        try:
            update_request(message=message, status=wish, description="x", by="system")
        except ForbiddenStatus:
            assert not may_become(name, before, wish)
        message.refresh_from_db()
        assert message.status in KINDS[name].statuses
        if not KINDS[name].transitions[before]:
            assert message.status == before


def _make(name: str, status: str, **fields: object) -> Message:
    registration = RegistrationFactory.create()
    if name == "request_update":
        fields["previous"] = MessageFactory.create(registration=registration)
    made: Message = MessageFactory.create(
        registration=registration, type=name, status=status, **fields
    )
    return made
