"""What staff do with one Grant."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consent.models import Grant
from consent.services.grants import change_by_utility as staff
from portal.errors import DomainError
from portal.management.by import actor, add_by_argument
from portal.models import User

_REASON = "what the client reads about it"

Action = Callable[[Grant, Mapping[str, Any], User], Grant]
ACTIONS: Mapping[str, Action] = {
    "suspend": lambda grant, options, by: staff.suspend_grant(
        grant=grant, reason=options["reason"], by=by
    ),
    "resume": lambda grant, options, by: staff.resume_grant(grant=grant, by=by),
    "disable": lambda grant, options, by: staff.disable_grant(
        grant=grant, reason=options["reason"], by=by
    ),
    "limit": lambda grant, options, by: staff.limit_grant(
        grant=grant, scope_ids=options["scopes"], reason=options["reason"], by=by
    ),
    "lift-limit": lambda grant, options, by: staff.lift_limit(grant=grant, by=by),
    "report": lambda grant, options, by: staff.report_data_state(
        grant=grant, status=options["status"], by=by
    ),
    "recompute": lambda grant, options, by: staff.recompute_grant(grant=grant, by=by),
    "require-sub-grants": lambda grant, options, by: staff.require_sub_grants(grant=grant, by=by),
}


class Command(BaseCommand):
    """`manage.py change_grant GRANT_ID suspend --reason "..." --by EMAIL`; other actions."""

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
        for action in actions.choices.values():
            add_by_argument(action)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; print the status that the Grant has now."""
        by = actor(options)
        grant = Grant.objects.filter(grant_id=options["grant_id"]).first()
        if grant is None:
            raise CommandError(f"there is no Grant {options['grant_id']}")
        try:
            changed = ACTIONS[options["action"]](grant, options, by)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(changed.status)
