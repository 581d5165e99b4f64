"""The audit trail: sealed in a chain that shows tampering."""

import pytest

from portal import audit
from portal.context import RequestContext, current
from portal.models import AuditEvent, AuditSeal

pytestmark = pytest.mark.django_db


def test_an_event_knows_its_request():
    """Reference id and address join the audit row, the log and the error page."""
    token = current.set(RequestContext("r123", "192.0.2.1"))
    try:
        event = audit.record("grant.revoked", by="client:abc", subject="grant:1")
    finally:
        current.reset(token)
    assert (event.request_id, event.address) == ("r123", "192.0.2.1")


def test_the_chain_covers_every_event_once():
    """Sealing twice adds nothing."""
    for number in range(3):
        audit.record("tests.act", by="system", subject=f"thing:{number}")
    assert audit.seal() == 3
    assert audit.seal() == 0
    audit.record("tests.act", by="system", subject="thing:9")
    assert audit.seal() == 1
    first, second = AuditSeal.objects.order_by("pk")
    assert second.previous == first.digest
    assert audit.broken_seals() == []


def test_a_changed_event_breaks_its_seal():
    """Somebody who edits the table is seen."""
    event = audit.record("tests.act", by="system", subject="thing:1")
    audit.seal()
    AuditEvent.objects.filter(pk=event.pk).update(actor="user:7")
    assert len(audit.broken_seals()) == 1


def test_a_deleted_event_breaks_its_seal():
    """Removing a row is seen as well."""
    event = audit.record("tests.act", by="system", subject="thing:1")
    audit.seal()
    event.delete()
    assert len(audit.broken_seals()) == 1
