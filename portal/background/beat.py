"""The schedule of periodic tasks, in seconds. Every task may run twice at once."""

from typing import Any

from portal.background.queues import FETCHES

SCHEDULE: dict[str, Any] = {
    # Sends new links for onboarding steps whose links have expired; links live for 30 days.
    "onboarding-links": {"task": "registration.tasks.renew_onboarding_links", "schedule": 3600.0},
    # Checks card checkouts whose report was lost, and ends those that are no longer needed.
    "checkouts-sweep": {"task": "registration.tasks.sweep_checkouts", "schedule": 600.0},
    # Finds work whose nudge was lost; may run twice at once (SKIP LOCKED).
    "outbox-sweep": {"task": "portal.tasks.sweep_outbox", "schedule": 5.0},
    # The same for fetches, by their own workers. While these wait for third-party servers, overdue
    # sweeps are dropped: the next one finds the same work.
    "fetches-sweep": {
        "task": "portal.tasks.sweep_outbox",
        "args": (FETCHES,),
        "schedule": 5.0,
        "options": {"queue": FETCHES, "expires": 5.0},
    },
    # Chains committed audit rows; once a minute keeps the unsealed tail short.
    "audit-seal": {"task": "portal.tasks.seal_audit", "schedule": 60.0},
    # Deletes what is older than its table's limit (portal.retention).
    "old-rows": {"task": "portal.tasks.sweep_old_rows", "schedule": 3600.0},
    # Ends expired Grants and starts future ones; the API also checks the time on its own.
    "grants-sweep": {"task": "consent.tasks.sweep_grants", "schedule": 60.0},
    # Creates usage partitions 90 days ahead, so that no ingestion waits for the locks this takes.
    "usage-months": {"task": "customerdata.tasks.make_usage_months", "schedule": 3600.0},
    # Limits the size of the cache of rendered usage.
    "usage-renders": {"task": "customerdata.tasks.prune_usage_renders", "schedule": 3600.0},
}
