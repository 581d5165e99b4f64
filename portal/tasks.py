"""Tasks of the foundation."""

from celery import shared_task
from django.utils import timezone

from portal import audit, retention
from portal.background import mail, outbox
from portal.background.queues import DEFAULT
from portal.sign_in import notices
from portal.sign_in.openid.config import named_providers


@shared_task(name=outbox.RUN_TASK)
def run_outbox_entry(entry_id: int) -> None:
    """Run one promised piece of work; a second delivery finds it done."""
    outbox.run(entry_id)


@shared_task(name="portal.tasks.sweep_outbox")
def sweep_outbox(queue: str = DEFAULT) -> None:
    """Run a queue's work whose nudge was lost; each queue is swept by its own workers.

    Several sweeps can run at once: rows are taken one at a time.
    """
    for entry_id in outbox.due_entries(timezone.now(), queue=queue):
        outbox.run(entry_id)


@shared_task(name="portal.tasks.seal_audit")
def seal_audit() -> None:
    """Extend the audit hash chain with the rows committed since the last run."""
    audit.seal_some()


@shared_task(name="portal.tasks.sweep_old_rows")
def sweep_old_rows() -> None:
    """Delete what is older than the limit of its table; two runs at once share the work."""
    retention.sweep(now=timezone.now())


@shared_task(name="portal.tasks.send_sign_in_notice")
def send_sign_in_notice(user_pk: int, provider_id: str, is_added: bool, language: str) -> None:
    """Email a person that a provider was added to, or removed from, their ways to sign in."""
    names = {each.id: each.name for each in named_providers()}
    notices.send_notice(
        user_pk,
        provider=names.get(provider_id, provider_id),
        is_added=is_added,
        language=language,
    )


@shared_task(name=notices.CHANGE_TASK)
def send_sign_in_change(sealed: str) -> None:
    """Email a person that their address, password or second factor has changed."""
    notices.send_change(sealed)


@shared_task(name=notices.RESET_TASK)
def send_second_factor_reset(user_pk: int, reason: str) -> None:
    """Email a person that their second factor was reset."""
    notices.send_reset(user_pk, reason=reason)


@shared_task(name=mail.STORED_TASK)
def send_stored_mail(sealed: str) -> None:
    """Send a sign-in email."""
    mail.send_stored(sealed)
