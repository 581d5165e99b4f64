"""The number of Messages that wait for staff, for pages and monitoring."""

from django.utils import timezone

from portal.registries import Metric, metrics
from registration.models import Message

KEY = "messages"


def waiting() -> int:
    """Return how many requests and submissions wait for a decision."""
    return int(Message.objects.waiting_for_staff().count())


def oldest_seconds() -> float:
    """Return how long the oldest of them has waited, 0 if there is none."""
    oldest = Message.objects.waiting_for_staff().order_by("created").first()
    return (timezone.now() - oldest.created).total_seconds() if oldest else 0


def register() -> None:
    """Register the gauges: called when the app is ready; safe to call again."""
    if metrics.get(KEY) is not None:
        return
    metrics.register(
        KEY,
        Metric("cds_messages_waiting", "Messages that wait for a staff decision", waiting),
    )
    metrics.register(
        f"{KEY}_oldest",
        Metric("cds_messages_oldest_seconds", "Age of the oldest waiting Message", oldest_seconds),
    )
