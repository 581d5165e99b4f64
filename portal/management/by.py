"""In whose name a command of `manage.py` acts: `--by EMAIL`.

Every command with which staff decide or change something takes it, so that each row of the audit
trail names a person. Commands that machines run act as `command:NAME` instead.
"""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError, CommandParser

from portal.models import User

_HELP = "the address with which you, a member of staff, sign in; the audit trail names you"


def add_by_argument(parser: CommandParser, *, required: bool = True) -> None:
    """Add `--by EMAIL`; not `required` where a command can also only print."""
    parser.add_argument("--by", required=required, default="", metavar="EMAIL", help=_HELP)


def actor(options: Mapping[str, Any]) -> User:
    """Return the member of staff named by `--by`.

    Raises CommandError when no address is given, or nobody who works here signs in with it.
    """
    address = (options["by"] or "").strip()
    if not address:
        raise CommandError("Say with --by EMAIL who you are.")
    # Main addresses alone: those are unique, and what the person signs in with.
    user = User.objects.filter(email__iexact=address).first()
    if user is None:
        raise CommandError(f"--by: nobody signs in with {address}.")
    if not user.is_active:
        raise CommandError(f"--by: the sign-in of {address} is closed.")
    if not user.is_staff:
        raise CommandError(f"--by: {address} has no staff role; see manage.py make_staff.")
    return user
