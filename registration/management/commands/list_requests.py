"""Lists what is waiting for staff."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.values.times import format_datetime
from registration.models import Message, Payment
from registration.services.reviews.presenter import summary
from registration.validation.characters import visible


class Command(BaseCommand):
    """`manage.py list_requests [--all]`."""

    help = (
        "List the requests and submissions that are waiting for a decision, oldest first, then "
        "the card payments that arrived without an open fee, until they are refunded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Define what to list."""
        parser.add_argument(
            "--all", action="store_true", help="also list what is waiting for third parties (open)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per item."""
        rows = (
            Message.objects.outstanding() if options["all"] else Message.objects.waiting_for_staff()
        )
        found = rows.select_related("registration", "client").order_by("created", "pk")
        for row in found:
            self.stdout.write("  ".join(map(visible, summary(row))))
        surplus = (
            Payment.objects.surplus()
            .select_related("requirement__registration")
            .order_by("created", "pk")
        )
        for payment in surplus:
            self.stdout.write(_surplus_line(payment))
        if not found and not surplus:
            self.stdout.write("Nothing is waiting.")


def _surplus_line(payment: Payment) -> str:
    fee = payment.requirement
    return (
        f"{fee.reference}  {format_datetime(payment.created)}  card_payment  surplus  "
        f"{fee.registration.registration_id}  {payment.currency} {payment.total} to refund: "
        f"manage.py onboarding refund {fee.reference}"
    )
