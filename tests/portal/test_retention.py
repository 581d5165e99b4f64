"""One task deletes what is older than the limit of its table, a bounded piece at a time."""

from datetime import timedelta
from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from portal import retention
from portal.models import OutboxEntry, User
from portal.retention import AgeLimit, Kept, register_retention, sweep
from tests.races import at_once

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
DONE = AgeLimit(
    "portal.OutboxEntry",
    rows="of this test",
    age=30 * DAY,
    since="finished",
    where=Q(status=OutboxEntry.Status.DONE),
)


def entry(*, finished=None, status=OutboxEntry.Status.DONE) -> OutboxEntry:
    """Store a piece of background work."""
    return OutboxEntry.objects.create(task="tests.note", status=status, finished=finished)


def test_only_what_is_too_old_goes():
    """The limit counts from the column that the rule names, for the rows that it names."""
    now = timezone.now()
    entry(finished=now - 31 * DAY)
    kept = [
        entry(finished=now - 29 * DAY),
        entry(finished=now - 31 * DAY, status=OutboxEntry.Status.FAILED),
        entry(status=OutboxEntry.Status.READY),
    ]
    assert sweep(now=now, limits=[DONE]) == 1
    assert list(OutboxEntry.objects.order_by("pk")) == kept
    assert sweep(now=now, limits=[DONE]) == 0


def test_a_sweep_goes_on_until_nothing_is_left():
    """Batches bound a transaction, not the sweep."""
    now = timezone.now()
    for _ in range(5):
        entry(finished=now - 31 * DAY)
    assert sweep(now=now, limits=[DONE], batch=2) == 5


def test_a_sweep_without_time_leaves_the_rest_to_the_next():
    """Other work waits for the same worker."""
    now = timezone.now()
    for _ in range(5):
        entry(finished=now - 31 * DAY)
    assert sweep(now=now, limits=[DONE], seconds=0, batch=2) == 2
    assert OutboxEntry.objects.count() == 3


def test_a_table_that_cannot_be_swept_holds_up_no_other():
    """One wrong rule is logged; the rest is done."""
    broken = AgeLimit("portal.OutboxEntry", rows="broken", age=DAY, since="no_such_column")
    now = timezone.now()
    entry(finished=now - 31 * DAY)
    assert sweep(now=now, limits=[broken, DONE]) == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_share_the_work():
    """Neither waits for the other's rows, and none is counted twice."""
    now = timezone.now()
    for _ in range(20):
        entry(finished=now - 31 * DAY)
    counts = at_once(*[lambda: sweep(now=now, limits=[DONE])] * 2)
    assert sum(counts) == 20
    assert not OutboxEntry.objects.exists()


def test_the_same_answer_is_not_given_twice():
    """Two rules with the same words are one of them too many."""
    known = next(answer for answer in retention.answers() if isinstance(answer, Kept))
    with pytest.raises(ValueError, match="registered twice"):
        register_retention(known)


def test_sessions_that_have_ended_go():
    """Nothing else deletes them: the framework leaves that to the operator."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for seconds in (60, -7200):
        session = store()
        session.set_expiry(seconds)
        session["mark"] = seconds
        session.save()
    sweep(now=timezone.now())
    (left,) = Session.objects.all()
    assert left.get_decoded()["mark"] == 60


def person(address: str, *, verified: bool, **fields) -> User:
    """Store somebody who signed up two months ago."""
    user = User.objects.create_user(address, date_joined=timezone.now() - 60 * DAY, **fields)
    EmailAddress.objects.create(user=user, email=address, verified=verified, primary=True)
    return user


def test_sign_ups_that_were_never_confirmed_go():
    """Anybody can fill in the form for any address; who was here even once stays."""
    person("stranger@example.com", verified=False)
    person("staff@example.com", verified=False, is_staff=True)
    person("confirmed@example.com", verified=True)
    person("once-here@example.com", verified=False, last_login=timezone.now() - 50 * DAY)
    User.objects.create_user("by-command@example.com", date_joined=timezone.now() - 60 * DAY)
    sweep(now=timezone.now())
    assert set(User.objects.values_list("email", flat=True)) == {
        "staff@example.com",
        "confirmed@example.com",
        "once-here@example.com",
        "by-command@example.com",
    }
