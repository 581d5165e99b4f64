"""Mails about consents, run from the outbox."""

from datetime import datetime

from celery import shared_task
from django.conf import settings

from consent.customer_accounts import catalog
from consent.models import Receipt
from consent.presenters.mail import receipt_mail, stopped_mail
from portal import mail


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
