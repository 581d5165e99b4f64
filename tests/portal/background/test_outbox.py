"""The outbox: promised work survives a dead broker, runs once, and is retried."""

from datetime import timedelta

import pytest
from celery import current_app, shared_task
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from portal.background import outbox
from portal.models import AuditEvent, OutboxEntry
from portal.tasks import run_outbox_entry, sweep_outbox

pytestmark = pytest.mark.django_db


@shared_task(name="tests.note")
def note(word: str) -> None:
    """Leave a visible trace."""
    AuditEvent.objects.create(action="tests.note", actor="test", subject=word)


@shared_task(name="tests.fail")
def fail() -> None:
    """Write something, then break."""
    AuditEvent.objects.create(action="tests.fail", actor="test", subject="x")
    raise ValueError("broken")


def traces() -> list[str]:
    """Return what the tasks left."""
    return list(AuditEvent.objects.filter(action="tests.note").values_list("subject", flat=True))


def test_work_is_promised_in_the_transaction(django_capture_on_commit_callbacks, monkeypatch):
    """Nothing is sent before commit; then the worker is nudged once."""
    sent: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        current_app, "send_task", lambda task, args, **kw: sent.append((task, *args))
    )
    with django_capture_on_commit_callbacks(execute=True):
        entry = outbox.enqueue("tests.note", "hello")
        assert sent == []
    assert entry is not None
    assert sent == [(run_outbox_entry.name, entry.pk)]


def test_a_rollback_takes_the_promise_back():
    """A mail about a consent that was rolled back must never leave."""
    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012 -- the block is the subject
        outbox.enqueue("tests.note", "hello")
        raise RuntimeError
    assert not OutboxEntry.objects.exists()


def test_a_dead_broker_loses_nothing(django_capture_on_commit_callbacks, monkeypatch):
    """The nudge fails quietly and the sweep does the work."""

    def unreachable(task, args, **options):
        raise ConnectionError("broker is down")

    monkeypatch.setattr(current_app, "send_task", unreachable)
    with django_capture_on_commit_callbacks(execute=True):
        entry = outbox.enqueue("tests.note", "hello")
    assert entry is not None
    OutboxEntry.objects.filter(pk=entry.pk).update(not_before=timezone.now() - timedelta(minutes=1))
    sweep_outbox()
    assert traces() == ["hello"]


def test_a_second_delivery_does_nothing():
    """Brokers deliver at least once."""
    entry = outbox.enqueue("tests.note", "hello")
    assert entry is not None
    assert outbox.run(entry.pk) is True
    assert outbox.run(entry.pk) is False
    assert traces() == ["hello"]


def test_a_unique_key_is_promised_once():
    """One receipt a consent, however often the task that asks for it runs."""
    assert outbox.enqueue("tests.note", "a", unique_key="receipt:1") is not None
    assert outbox.enqueue("tests.note", "b", unique_key="receipt:1") is None
    assert OutboxEntry.objects.count() == 1


def test_a_failing_task_is_undone_and_tried_again_later():
    """Its writes vanish, the pause grows, and in the end it is given up visibly."""
    entry = outbox.enqueue("tests.fail")
    assert entry is not None
    outbox.run(entry.pk)
    entry.refresh_from_db()
    assert not AuditEvent.objects.filter(action="tests.fail").exists()
    assert entry.status == OutboxEntry.Status.READY
    assert entry.not_before > timezone.now()
    assert "broken" in entry.error
    for _ in range(outbox.MAX_ATTEMPTS):
        outbox.run(entry.pk)
    entry.refresh_from_db()
    assert entry.status == OutboxEntry.Status.FAILED
    assert entry.finished is not None


def test_work_for_later_is_not_due_yet():
    """Reminders wait for their day."""
    outbox.enqueue("tests.note", "x", not_before=timezone.now() + timedelta(days=1))
    assert outbox.due_entries(timezone.now()) == []
    assert cache.get("anything") is None


@shared_task(name="tests.refused")
def refused() -> None:
    """Fail as a mail server does, naming the recipient."""
    raise ValueError({"ana@example.com": (550, b"no such user")})


def test_a_kept_error_names_nobody():
    """The rows are read by whoever runs the server."""
    entry = outbox.enqueue("tests.refused")
    assert entry is not None
    outbox.run(entry.pk)
    entry.refresh_from_db()
    assert entry.error.startswith("ValueError")
    assert "ana" not in entry.error
