"""Who works for the utility: roles are given to people who can sign in already, and taken away."""

from allauth.account.models import EmailAddress
from django.db import transaction

from portal import audit
from portal.errors import DomainError
from portal.models import User
from portal.sign_in.notices import end_sessions


class RoleRefused(DomainError):
    """The role cannot be given or taken away; the message says why."""


@transaction.atomic
def make_staff(*, user: User, is_administrator: bool = False, by: User | str) -> User:
    """Let a person work here, as exactly that: staff, or an administrator too.

    The sessions end: the role begins with a new sign-in and a second factor. Raises RoleRefused
    for a person whose sign-in is not confirmed or is closed, or who already has this role.
    """
    user = _locked(user)
    # Entering another person's address must not give anyone the role meant for that person.
    own = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    if not user.is_active or not own.exists():
        raise RoleRefused("This person must sign up and confirm the address first.", field="email")
    if user.is_staff and user.is_superuser == is_administrator:
        raise RoleRefused("This person has this role already.", field="email")
    _set_role(user, is_staff=True, is_superuser=is_administrator)
    role = "administrator" if is_administrator else "staff"
    audit.record("staff.made", by=by, subject=f"user:{user.pk}", details={"role": role})
    return user


@transaction.atomic
def remove_staff(*, user: User, by: User | str) -> User:
    """Take away every role of a person; the sessions end, the sign-in stays.

    Raises RoleRefused for a person who has none.
    """
    user = _locked(user)
    if not user.is_staff and not user.is_superuser:
        raise RoleRefused("This person does not work here.", field="email")
    _set_role(user, is_staff=False, is_superuser=False)
    audit.record("staff.removed", by=by, subject=f"user:{user.pk}")
    return user


def _locked(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _set_role(user: User, *, is_staff: bool, is_superuser: bool) -> None:
    user.is_staff, user.is_superuser = is_staff, is_superuser
    user.save(update_fields=["is_staff", "is_superuser"])
    end_sessions(user)
