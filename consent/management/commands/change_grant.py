"""What staff do with one Grant."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consent.models import Grant
from consent.services.grants import change_by_utility as staff
from portal.errors import DomainError

BY = "command:change_grant"
_REASON = "what the client reads about it"

Action = Callable[[Grant, Mapping[str, Any]], Grant]
ACTIONS: Mapping[str, Action] = {
    "suspend": lambda grant, options: staff.suspend_grant(
        grant=grant, reason=options["reason"], by=BY
    ),
    "resume": lambda grant, options: staff.resume_grant(grant=grant, by=BY),
    "disable": lambda grant, options: staff.disable_grant(
        grant=grant, reason=options["reason"], by=BY
    ),
    "limit": lambda grant, options: staff.limit_grant(
        grant=grant, scope_ids=options["scopes"], reason=options["reason"], by=BY
    ),
    "lift-limit": lambda grant, options: staff.lift_limit(grant=grant, by=BY),
    "report": lambda grant, options: staff.report_data_state(
        grant=grant, status=options["status"], by=BY
    ),
    "recompute": lambda grant, options: staff.recompute_grant(grant=grant, by=BY),
    "require-sub-grants": lambda grant, options: staff.require_sub_grants(grant=grant, by=BY),
}


class Command(BaseCommand):
    """`manage.py change_grant GRANT_ID suspend --reason "..."`, and the other actions."""

    help = "Suspend, resume, disable, limit a Grant, or report how its data is doing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the Grant and the action."""
        parser.add_argument("grant_id")
        actions = parser.add_subparsers(dest="action", required=True)
        for name in ("suspend", "disable"):
            actions.add_parser(name).add_argument("--reason", required=True, help=_REASON)
        limit = actions.add_parser("limit")
        limit.add_argument("--reason", required=True, help=_REASON)
        limit.add_argument("--scopes", nargs="+", required=True, help="scope ids that stay open")
        report = actions.add_parser("report")
        report.add_argument("status", choices=sorted(staff.DATA_STATES))
        for name in ("resume", "lift-limit", "recompute", "require-sub-grants"):
            actions.add_parser(name)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; print the status that the Grant has now."""
        grant = Grant.objects.filter(grant_id=options["grant_id"]).first()
        if grant is None:
            raise CommandError(f"there is no Grant {options['grant_id']}")
        try:
            changed = ACTIONS[options["action"]](grant, options)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(changed.status)
