"""The audit trail: sealed in a chain that shows tampering."""

import threading
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from portal import audit
from portal.http.context import RequestContext, current
from portal.models import AuditEvent, AuditSeal, SealedEvent, UnsealedEvent
from tests.races import PATIENCE, after, at_once

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


def test_every_event_waits_until_it_is_sealed():
    """Also one that something else than our code wrote: the database notes it."""
    event = audit.record("tests.act", by="system", subject="thing:1")
    AuditEvent.objects.bulk_create([AuditEvent(action="a", actor="b", subject="c")])
    assert UnsealedEvent.objects.count() == 2
    audit.seal()
    assert not UnsealedEvent.objects.exists()
    assert SealedEvent.objects.filter(event_id=event.pk).exists()


def test_a_rollback_leaves_nothing_to_seal():
    """The note stands in the transaction of the event."""
    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012 -- the block is the subject
        audit.record("tests.act", by="system", subject="thing:1")
        raise RuntimeError
    assert not UnsealedEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_sealed_after_later_ids():
    """Ids are taken before commit: a mark of the highest sealed id would pass it by."""
    written, sealed = threading.Event(), threading.Event()

    def late() -> int:
        with transaction.atomic():
            event = audit.record("tests.act", by="system", subject="thing:late")
            written.set()
            assert sealed.wait(PATIENCE)
        return event.pk

    def early() -> int:
        event = audit.record("tests.act", by="system", subject="thing:early")
        assert audit.seal() == 1
        sealed.set()
        return event.pk

    late_id, early_id = at_once(late, lambda: after(written, early))
    assert late_id < early_id
    assert audit.seal() == 1
    assert SealedEvent.objects.filter(event_id=late_id).exists()
    assert audit.broken_seals() == []


@pytest.mark.django_db(transaction=True)
def test_a_second_sealer_leaves_at_once():
    """Waiting for the first, it would hold up all other background work."""
    audit.record("tests.act", by="system", subject="thing:1")
    sealed, left = threading.Event(), threading.Event()

    def first() -> int:
        with transaction.atomic():
            count = audit.seal()
            sealed.set()
            assert left.wait(PATIENCE)
        return count

    def second() -> int:
        count = audit.seal()
        left.set()
        return count

    assert at_once(first, lambda: after(sealed, second)) == [1, 0]
    assert audit.broken_seals() == []


def test_a_run_of_the_task_is_bounded():
    """A backlog is sealed over several runs; mails and computations get their turn between."""
    for number in range(8):
        audit.record("tests.act", by="system", subject=f"thing:{number}")
    assert [audit.seal_some(batch=2, batches=3) for _ in range(3)] == [6, 2, 0]
    assert audit.broken_seals() == []


def test_an_event_that_an_earlier_version_sealed_is_not_sealed_twice():
    """Its worker runs until it is restarted, and does not know the table."""
    event = audit.record("tests.act", by="system", subject="thing:1")
    audit.seal()
    UnsealedEvent.objects.create(event_id=event.pk)
    audit.record("tests.act", by="system", subject="thing:2")
    audit.seal()
    assert not UnsealedEvent.objects.exists()
    assert audit.broken_seals() == []


def test_an_event_deleted_before_it_was_sealed_is_reported(caplog):
    """The chain cannot show it any more; the log does."""
    audit.record("tests.act", by="system", subject="thing:1").delete()
    audit.seal()
    assert "deleted before they were sealed" in caplog.text


def test_the_migration_finds_what_was_not_sealed():
    """Events of before the trigger; running it again changes nothing."""
    sealed = audit.record("tests.act", by="system", subject="thing:1")
    audit.seal()
    waiting = audit.record("tests.act", by="system", subject="thing:2")
    UnsealedEvent.objects.all().delete()
    fill = import_module("portal.migrations.0005_fill_unsealed_events").fill
    for _ in range(2):
        with connection.schema_editor() as editor:
            fill(apps, editor)
    assert list(UnsealedEvent.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert sealed.pk != waiting.pk


def test_the_command_says_whether_the_trail_is_whole(capsys):
    """Operators ask; a changed event and one that escaped sealing end it with an error."""
    event = audit.record("tests.act", by="system", subject="thing:1")
    audit.seal()
    audit.record("tests.act", by="system", subject="thing:2")
    call_command("check_audit")
    assert "not sealed yet: 1." in capsys.readouterr().out
    AuditEvent.objects.filter(pk=event.pk).update(actor="user:7")
    UnsealedEvent.objects.all().delete()
    with pytest.raises(CommandError, match=r"altered or removed(.|\n)*never will be"):
        call_command("check_audit")


@pytest.mark.django_db
def test_events_are_noted_whatever_the_search_path():
    """pg_dump empties it for whoever loads what it wrote; and any session may set its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (schema,) = cursor.fetchone()
        cursor.execute("SET LOCAL search_path TO ''")
        cursor.execute(
            f"INSERT INTO {schema}.portal_auditevent"  # noqa: S608 -- the schema's own name
            " (at, action, actor, subject, registration, request_id, details)"
            " VALUES (now(), 'loaded', 'system', 'x:1', '', '', '{}')"
        )
        cursor.execute(f"SET LOCAL search_path TO {schema}")
    assert UnsealedEvent.objects.count() == 1
