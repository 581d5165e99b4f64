"""Background work of consent. Each task may run twice at once without harm."""

import logging
from collections.abc import Callable
from datetime import datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from consent.customer_accounts import catalog
from consent.models import Grant, Receipt
from consent.pages.receipts.mail import receipt_mail, stopped_mail
from consent.services.grants import lifecycle, sweep
from portal.audit import SYSTEM
from portal.background import mail

log = logging.getLogger(__name__)

SWEEP_BATCH = 500


@shared_task(name="consent.tasks.compute_grant")
def compute_grant(grant_id: str) -> None:
    """Compute the access of a large selection; a second delivery finds the Grant active."""
    lifecycle.compute_grant(grant_id=grant_id)


@shared_task(name="consent.tasks.sweep_grants")
def sweep_grants() -> None:
    """End what is over, start what begins, stop what gets nothing new, keep promises about times.

    Each Grant has a transaction of its own, so one that fails does not hold up the rest.
    """
    now = timezone.now()
    for grant in Grant.objects.expired_by(now).order_by("expires")[:SWEEP_BATCH]:
        _attempt(grant, _expire)
    for grant in Grant.objects.due_to_start(now).order_by("not_before")[:SWEEP_BATCH]:
        _attempt(grant, _start)
    for grant in Grant.objects.out_of_new_data(now).order_by("new_data_until")[:SWEEP_BATCH]:
        _attempt(grant, _stop)
    for grant in Grant.objects.overdue(now).order_by("eta")[:SWEEP_BATCH]:
        _attempt(grant, _postpone)


def _expire(grant: Grant) -> None:
    lifecycle.end_grant(grant=grant, status=Grant.Status.EXPIRED, reason="expired", by=SYSTEM)


def _start(grant: Grant) -> None:
    sweep.start_grant(grant=grant, by=SYSTEM)


def _stop(grant: Grant) -> None:
    sweep.stop_new_data(grant=grant, by=SYSTEM)


def _postpone(grant: Grant) -> None:
    sweep.postpone_grant(grant=grant, by=SYSTEM)


def _attempt(grant: Grant, action: Callable[[Grant], None]) -> None:
    try:
        action(grant)
    except lifecycle.ForbiddenTransition:
        log.info("grant ended meanwhile", extra={"grant": grant.grant_id})
    except Exception:  # the other Grants of the sweep are not to blame
        log.exception("grant sweep failed", extra={"grant": grant.grant_id})


@shared_task(name="consent.tasks.send_receipt")
def send_receipt(receipt_pk: int) -> None:
    """Send the customer the receipt (CDS-WG3-01 9.4). Delivered once by the outbox row."""
    receipt = Receipt.objects.select_related("grant__client", "grant__user").get(pk=receipt_pk)
    _send("receipt", receipt, receipt_mail(receipt, base_url=settings.BASE_URL))


@shared_task(name="consent.tasks.send_sharing_stopped")
def send_sharing_stopped(receipt_pk: int, stopped: str) -> None:
    """Confirm that sharing has ended."""
    receipt = Receipt.objects.select_related("grant__client", "grant__user").get(pk=receipt_pk)
    at = datetime.fromisoformat(stopped)
    _send("receipt_stopped", receipt, stopped_mail(receipt, at=at, base_url=settings.BASE_URL))


def _send(template: str, receipt: Receipt, context: dict[str, object]) -> None:
    user = receipt.grant.user
    if user is None:
        return
    if to := catalog().contact_email(user):
        mail.send(template, to=to, language=receipt.language, context=context)
