"""Which account an address belongs to.

Each lookup is one query whether or not it finds anyone, so that its duration reveals nothing.
"""

from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import Value

from portal.models import User


def person_of(address: str) -> User | None:
    """Return the person who signs in with an address: confirmed as theirs, else their main one.

    Others can add someone's address to their own account, but they cannot confirm it.
    """
    address = address.strip().lower()
    confirmed = User.objects.filter(emailaddress__email=address, emailaddress__verified=True)
    main = User.objects.filter(email=address)
    # A union, since an OR across two tables does not use an index.
    ranked = confirmed.annotate(rank=Value(0)).union(main.annotate(rank=Value(1)), all=True)
    return next(iter(ranked.order_by("rank")[:1]), None)


def person_reset_by(address: str) -> User | None:
    """Return the person who can set a new password by an email to this, their main address."""
    person = person_of(address)
    is_main = person is not None and person.email == address.strip().lower()
    return person if is_main and person and person.is_active else None


def is_taken(address: str) -> bool:
    """Whether an account has this address, other than as an unconfirmed additional one."""
    return person_of(address) is not None


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Checks one password per address; allauth checks a varying number, depending on the owner."""

    def _authenticate_by_email(self, email: str, password: str) -> User | None:
        found: User | None = self._check_password(person_of(email), password)
        return found
