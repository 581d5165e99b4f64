"""What runs by the clock, in seconds. Every task may run twice at once."""

from typing import Any

from portal.background.queues import FETCHES

SCHEDULE: dict[str, Any] = {
    # Sends new links for onboarding steps whose link has expired; links live for 30 days.
    "onboarding-links": {"task": "registration.tasks.renew_onboarding_links", "schedule": 3600.0},
    # Asks about card checkouts whose report was lost, and ends those that are no longer needed.
    "checkouts-sweep": {"task": "registration.tasks.sweep_checkouts", "schedule": 600.0},
    # Finds work whose nudge was lost; may run twice at once (SKIP LOCKED).
    "outbox-sweep": {"task": "portal.tasks.sweep_outbox", "schedule": 5.0},
    # The same for fetches, by their own workers. While those wait for strangers, sweeps that are
    # late are dropped: the next one finds the same work.
    "fetches-sweep": {
        "task": "portal.tasks.sweep_outbox",
        "args": (FETCHES,),
        "schedule": 5.0,
        "options": {"queue": FETCHES, "expires": 5.0},
    },
    # Chains committed audit rows; once a minute keeps the unsealed tail short.
    "audit-seal": {"task": "portal.tasks.seal_audit", "schedule": 60.0},
    # Deletes what is older than the limit of its table (portal.retention).
    "old-rows": {"task": "portal.tasks.sweep_old_rows", "schedule": 3600.0},
    # Ends Grants whose time is over and starts future ones; the API checks the clock itself too.
    "grants-sweep": {"task": "consent.tasks.sweep_grants", "schedule": 60.0},
    # Makes usage partitions 90 days ahead, so that no ingestion waits for the locks this needs.
    "usage-months": {"task": "customerdata.tasks.make_usage_months", "schedule": 3600.0},
    # Bounds the cache of rendered usage.
    "usage-renders": {"task": "customerdata.tasks.prune_usage_renders", "schedule": 3600.0},
}
