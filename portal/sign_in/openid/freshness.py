"""When a person must sign in again instead of being recognized (CDS-WG3-01 9.1.2)."""

import time

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.http import HttpRequest

_ASKED = "sign_in_afresh"


def ask_afresh(request: HttpRequest) -> None:
    """Require a new sign-in in this session, for which providers must authenticate the person."""
    request.session[_ASKED] = True


def ask_now(request: HttpRequest) -> None:
    """Require a new sign-in in this request; nothing is stored."""
    setattr(request, _ASKED, True)


def is_asked_afresh(request: HttpRequest) -> bool:
    """Whether the next sign-in must be a new one."""
    return _ASKED in request.session or hasattr(request, _ASKED)


def signed_in(request: HttpRequest) -> None:
    """Record that a person has signed in."""
    request.session.pop(_ASKED, None)


def confirmed_recently(request: HttpRequest) -> bool:
    """Whether the person confirmed their identity recently enough for sensitive actions."""
    records = get_authentication_records(request, request.user)
    times = [record["at"] for record in records if record.get("reauthenticated")]
    limit: int = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return bool(times) and time.time() - max(times) < limit
