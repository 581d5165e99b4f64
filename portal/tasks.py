"""Tasks of the foundation."""

from celery import shared_task
from django.utils import timezone

from portal import audit, outbox


@shared_task(name="portal.tasks.run_outbox_entry")
def run_outbox_entry(entry_id: int) -> None:
    """Run one promised piece of work; a second delivery finds it done."""
    outbox.run(entry_id)


@shared_task(name="portal.tasks.sweep_outbox")
def sweep_outbox() -> None:
    """Run work whose nudge was lost. Several sweeps may run at once: rows are locked singly."""
    for entry_id in outbox.due_entries(timezone.now()):
        outbox.run(entry_id)


@shared_task(name="portal.tasks.seal_audit")
def seal_audit() -> None:
    """Extend the audit hash chain over what was committed since."""
    while audit.seal() == audit.SEAL_BATCH:
        pass
