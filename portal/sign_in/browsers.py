"""Browsers in which a person has signed in before.

Anyone can enter wrong passwords for anyone. So that this locks no one out, a browser that is known
for a person has its own tries (`portal.sign_in.guesses`). The mark of such a browser is signed,
names the person and their password, and grants no access.
"""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from portal.models import User

COOKIE = "known_browser"
_SALT = "portal.identity.browsers"
_AGE = timedelta(days=365)
# For people who share a browser; the oldest mark is dropped.
_MOST = 5


def mark_of(request: HttpRequest, person: User | None) -> str:
    """Return the mark that names this browser for a person, "" if it is not known for them."""
    if person is None:
        return ""
    return next((mark for mark, proof in _marks(request) if _is_of(person, mark, proof)), "")


def remember(request: HttpRequest, response: HttpResponse, person: User) -> None:
    """Mark a browser as known for a person who has just proven who they are."""
    mark = mark_of(request, person) or secrets.token_urlsafe(9)
    others = [pair for pair in _marks(request) if pair[0] != mark]
    marks = [(mark, _proof(person, mark)), *others][:_MOST]
    response.set_cookie(
        COOKIE,
        signing.dumps(marks, salt=_SALT),
        max_age=_AGE,
        path="/accounts/",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def _marks(request: HttpRequest) -> Iterator[tuple[str, str]]:
    try:
        pairs: Any = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=_AGE)
    except signing.BadSignature:
        return
    yield from pairs


def _is_of(person: User, mark: str, proof: str) -> bool:
    return constant_time_compare(proof, _proof(person, mark))


def _proof(person: User, mark: str) -> str:
    """Derived from the password: a new one voids all marks, as others may know the old one."""
    words = f"{person.pk}|{person.password}|{mark}"
    return salted_hmac(_SALT, words, algorithm="sha256").hexdigest()[:32]
