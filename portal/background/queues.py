"""Which worker runs which background work; each queue has its own workers.

Work that waits for third-party servers has its own queue, so that nothing else waits behind it.
"""

from django.conf import settings

# Celery's default name.
DEFAULT = "celery"
FETCHES = "fetches"

# The tasks are named by this setting, so that tests can add their own.
FETCH_TASKS = frozenset({"registration.tasks.check_website", "registration.tasks.fetch_logo"})


def queue_of(task: str) -> str:
    """Return the queue of an outbox task."""
    return FETCHES if task in settings.FETCH_TASKS else DEFAULT
