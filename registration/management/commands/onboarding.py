"""Staff decisions about the requirements of registrations."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.models import User
from registration.models.onboarding import Requirement
from registration.services.onboarding.decide import (
    approve_requirement,
    reject_requirement,
    reopen_requirement,
)
from registration.services.payments import fees
from registration.validation.characters import visible

ACTIONS = ("list", "approve", "reject", "reopen", "refund")


class Command(BaseCommand):
    """`manage.py onboarding list`, or `approve|reject|reopen|refund REQUIREMENT --by EMAIL`.

    Approving a fee confirms that the payment was received; `refund` refunds a card payment.
    """

    help = "List the open requirements of registrations, or decide one."

    def add_arguments(self, parser: CommandParser) -> None:
        """Define the action, and the requirement by its id or its invoice reference."""
        parser.add_argument("action", choices=ACTIONS)
        parser.add_argument("requirement", nargs="?", default="", help="id or invoice reference")
        parser.add_argument(
            "--reason", default="", help="required for reject; shown to the third party"
        )
        add_by_argument(parser, required=False)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per requirement."""
        if options["action"] == "list":
            for row in Requirement.objects.unmet().select_related("registration").order_by("pk"):
                self.stdout.write(_line(row))
            return
        by = actor(options)
        try:
            row = _act(options["action"], _find(options["requirement"]), options["reason"], by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(_line(row))


def _find(name: str) -> Requirement:
    rows = Requirement.objects.select_related("registration")
    found = rows.filter(requirement_id=name).first() or (
        rows.filter(reference=name).first() if name else None
    )
    if found is None:
        raise CommandError(f"There is no requirement {name!r}.")
    requirement: Requirement = found
    return requirement


def _act(action: str, requirement: Requirement, reason: str, by: User) -> Requirement:
    if action == "approve":
        if requirement.needs_a_look:
            request = requirement.message.message_id if requirement.message else "MESSAGE_ID"
            raise CommandError(
                f"This needs to be reviewed first: manage.py show_request {request}, then "
                "approve_request."
            )
        return approve_requirement(requirement=requirement, note=reason, by=by)
    if action == "reject":
        return reject_requirement(requirement=requirement, reason=reason, by=by)
    if action == "reopen":
        return reopen_requirement(requirement=requirement, by=by)
    fees.refund_payment(requirement=requirement, by=by)
    requirement.refresh_from_db()
    return requirement


def _line(row: Requirement) -> str:
    name = visible(str(row.registration))
    words = [row.requirement_id, row.field_id, row.status, name, row.reference]
    return "  ".join(word for word in words if word)
