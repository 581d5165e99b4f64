"""What waits for staff: counted for health and metrics, listed by a command."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal import registries
from registration.services.messages import queue
from registration.services.messages.write import update_request
from tests.factories.registration import MessageFactory
from tests.registration.support import approve_as_seen, run, waiting

pytestmark = pytest.mark.django_db
QUEUE = "registration.services.messages.queue"


def test_the_queue_counts_what_waits_for_staff():
    """Open requests wait for the third party, not for us."""
    assert (queue.waiting(), queue.oldest_seconds()) == (0, 0)
    waiting(created=timezone.now() - timedelta(hours=2))
    waiting("production_request")
    MessageFactory.create(type="payment_request", status="open")
    assert queue.waiting() == 2
    assert 7200 <= queue.oldest_seconds() < 7300


def test_news_about_a_request_wait_for_nobody():
    """An update keeps the status that it told; the request moves on."""
    request = waiting()
    update_request(message=request, status="pending", description="Soon", by="system")
    assert run("list_requests", all=True).count("\n") == queue.waiting() == 1
    approve_as_seen(message=request, by="system")
    assert (queue.waiting(), queue.oldest_seconds()) == (0, 0)
    assert run("list_requests", all=True) == "Nothing is waiting.\n"


def test_the_queue_is_plugged_in(monkeypatch):
    """Once, however often the app starts."""
    metrics: registries.Registry[registries.Metric] = registries.Registry("metrics")
    monkeypatch.setattr(f"{QUEUE}.metrics", metrics)
    for _ in range(2):
        queue.register()
    assert [each.measure() for each in metrics] == [0, 0]
