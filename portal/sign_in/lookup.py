"""Whose account an address opens.

Each lookup is one query whether or not a person is found: its duration reveals nothing.
"""

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Value

from portal.models import User


def person_of(address: str) -> User | None:
    """Return the person who signs in with an address: theirs by confirmation, else their main one.

    Anyone can enter another person's address, unconfirmed, in their own account.
    """
    address = address.strip().lower()
    confirmed = User.objects.filter(emailaddress__email=address, emailaddress__verified=True)
    main = User.objects.filter(email=address)
    # A union, since an OR across two tables uses no index.
    ranked = confirmed.annotate(rank=Value(0)).union(main.annotate(rank=Value(1)), all=True)
    return next(iter(ranked.order_by("rank")[:1]), None)


def person_reset_by(address: str) -> User | None:
    """Return the person who may choose a new password by a mail to this, their main address."""
    person = person_of(address)
    is_main = person is not None and person.email == address.strip().lower()
    return person if is_main and person and person.is_active else None


def is_taken(address: str) -> bool:
    """Whether an account has this address, unless it was only entered and never confirmed."""
    return person_of(address) is not None


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Checks one password for an address: allauth asks more often, depending on who has it."""

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        found: User | None = self._check_password(person_of(email), password)
        return found
