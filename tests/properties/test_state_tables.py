"""Each state table lists every status and refuses what it does not list."""

import json
from itertools import product
from pathlib import Path

import pytest

from consent.models import Grant
from consent.services.grants.lifecycle import (
    TRANSITIONS,
    ForbiddenTransition,
    apply_status,
    end_grant,
)
from registration.models.message_states import KINDS, may_become
from tests.factories.consent import GrantFactory

STATUSES = Grant.Status.values
MESSAGE_STATUSES = ("open", "pending", "complete", "rejected", "errored")
SPEC = json.loads((Path(__file__).parents[1] / "spec" / "messages.json").read_text("utf-8"))


@pytest.mark.spec("WG1-02 8.2 a")
def test_the_grants_table_knows_all_statuses_of_the_standard():
    """CDS-WG1-02 8.2, and nothing besides."""
    assert set(TRANSITIONS) == set(STATUSES)
    assert {to for targets in TRANSITIONS.values() for to in targets} <= set(STATUSES)


@pytest.mark.parametrize(("status", "to"), list(product(STATUSES, STATUSES)))
def test_a_grant_takes_the_listed_steps_alone(status, to):
    """The one function that sets a status."""
    grant = Grant(status=status)
    if to in TRANSITIONS[status]:
        apply_status(grant, to)
        assert grant.status == to
    else:
        with pytest.raises(ForbiddenTransition):
            apply_status(grant, to)
        assert grant.status == status


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "to"), list(product(STATUSES, sorted(Grant.ENDED))))
def test_ending_follows_the_table(status, to):
    """Through the service, with its row in the database; the same end twice is no change."""
    closed = {"enabled_scope": "", "enabled_authorization_details": []}
    gives_nothing = status in Grant.WITHOUT_ACCESS
    grant = GrantFactory.create(status=status, **(closed if gives_nothing else {}))
    if to in TRANSITIONS[status] or to == status:
        assert end_grant(grant=grant, status=to, reason="test", by="system").status == to
    else:
        with pytest.raises(ForbiddenTransition):
            end_grant(grant=grant, status=to, reason="test", by="system")
        grant.refresh_from_db()
        assert grant.status == status


@pytest.mark.spec("WG1-02 6.3 a")
@pytest.mark.parametrize("message_type", sorted(SPEC["message_types"]))
def test_messages_have_only_the_statuses_of_their_type(message_type):
    """CDS-WG1-02 6.3; a Message starts with one of them."""
    kind = KINDS[message_type]
    assert kind.statuses == set(SPEC["message_types"][message_type]["allowed_statuses"])
    assert kind.initial <= kind.statuses


@pytest.mark.parametrize("message_type", sorted(KINDS))
def test_messages_take_the_listed_steps_alone(message_type):
    """Statuses that end a Message lead nowhere; foreign ones are never reached."""
    kind = KINDS[message_type]
    for old, new in product(MESSAGE_STATUSES, MESSAGE_STATUSES):
        listed = new in kind.transitions.get(old, ())
        if old != new and may_become(message_type, old, new):
            assert listed
        if new not in kind.statuses or old not in kind.statuses:
            assert not may_become(message_type, old, new)
        if old in {"complete", "rejected"} and old != new:
            assert not may_become(message_type, old, new)
