"""Staff roles: given to people who can already sign in, and taken away."""

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
    """Give a person exactly this role: staff, or administrator as well.

    Their sessions end, so the role starts with a new sign-in and a second factor. Raises
    RoleRefused if their sign-in is not confirmed or is closed, or if they already have this role.
    """
    user = _locked(user)
    # A person who entered another person's address must not get the role meant for its owner.
    own = EmailAddress.objects.filter(user=user, email=user.email, verified=True)
    if not user.is_active or not own.exists():
        raise RoleRefused("This person must sign up and confirm the address first.", field="email")
    if user.is_staff and user.is_superuser == is_administrator:
        raise RoleRefused("This person already has this role.", field="email")
    _set_role(user, is_staff=True, is_superuser=is_administrator)
    role = "administrator" if is_administrator else "staff"
    audit.record("staff.made", by=by, subject=f"user:{user.pk}", details={"role": role})
    return user


@transaction.atomic
def remove_staff(*, user: User, by: User | str) -> User:
    """Remove all roles of a person; their sessions end, but they can still sign in.

    Raises RoleRefused if they have none.
    """
    user = _locked(user)
    if not user.is_staff and not user.is_superuser:
        raise RoleRefused("This person is not staff.", field="email")
    _set_role(user, is_staff=False, is_superuser=False)
    audit.record("staff.removed", by=by, subject=f"user:{user.pk}")
    return user


def _locked(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _set_role(user: User, *, is_staff: bool, is_superuser: bool) -> None:
    user.is_staff, user.is_superuser = is_staff, is_superuser
    user.save(update_fields=["is_staff", "is_superuser"])
    end_sessions(user)
