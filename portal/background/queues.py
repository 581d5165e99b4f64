"""Which worker runs which background work; each queue has workers of its own.

What waits for servers of strangers has a queue to itself, so that nothing else waits for them.
"""

from django.conf import settings

# The name that Celery itself gives to it.
DEFAULT = "celery"
FETCHES = "fetches"

# Tasks go by the setting of this name, so that tests can add theirs.
FETCH_TASKS = frozenset({"registration.tasks.check_website", "registration.tasks.fetch_logo"})


def queue_of(task: str) -> str:
    """Return the queue of an outbox task."""
    return FETCHES if task in settings.FETCH_TASKS else DEFAULT
