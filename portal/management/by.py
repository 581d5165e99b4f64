"""The person on whose behalf a `manage.py` command acts: `--by EMAIL`.

Every command with which staff decide or change something takes it, so that each row of the audit
trail names a person. Commands run by machines act as `command:NAME` instead.
"""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from portal.models import User

_HELP = "your sign-in email address as a member of staff; the audit trail names you"


def add_by_argument(parser: CommandParser, *, required: bool = True) -> None:
    """Add `--by EMAIL`; it is not `required` if the command can also just print."""
    parser.add_argument("--by", required=required, default="", metavar="EMAIL", help=_HELP)


def actor(options: Mapping[str, Any]) -> User:
    """Return the member of staff that `--by` names.

    Raises CommandError if no address is given, or if no member of staff signs in with it.
    """
    address = (options["by"] or "").strip()
    if not address:
        raise CommandError("Say who you are with --by EMAIL.")
    # Only main addresses: they are unique, and the person signs in with them.
    user = User.objects.filter(email__iexact=address).first()
    if user is None:
        raise CommandError(f"--by: nobody signs in with {address}.")
    if not user.is_active:
        raise CommandError(f"--by: the account of {address} is closed.")
    if not user.is_staff:
        raise CommandError(f"--by: {address} has no staff role; see manage.py make_staff.")
    return user
