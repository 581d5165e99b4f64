"""allauth's pages that change how a person signs in: every change is recorded.

The change, its record and the promise of an email to the owner are committed together.
"""

from typing import Any, ClassVar

from allauth.account import views
from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from portal.models import User
from portal.sign_in import browsers, notices
from portal.sign_in.changes import Change


class _Noted:
    change: ClassVar[Change]
    request: HttpRequest

    @property
    def person(self) -> Any:
        """Return the person whose account it is."""
        return self.request.user

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Make the change and record it."""
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        notices.note_change(person=self.person, change=self.change, by=self.person)
        return response


class _NotedPassword(_Noted):
    def form_valid(self, form: Any) -> HttpResponse:
        """Keep this browser known; the new password makes all others unknown."""
        response = super().form_valid(form)
        browsers.remember(self.request, response, self.person)
        return response


class PasswordChange(_NotedPassword, views.PasswordChangeView):  # type: ignore[misc]
    """Changes the password."""

    change = Change.PASSWORD_CHANGED


class PasswordSet(_NotedPassword, views.PasswordSetView):  # type: ignore[misc]
    """Sets the first password."""

    change = Change.PASSWORD_SET


class PasswordReset(_NotedPassword, views.PasswordResetFromKeyView):  # type: ignore[misc]
    """Sets the password of a person who followed the link in an email."""

    change = Change.PASSWORD_RESET

    @property
    def person(self) -> Any:
        """Return the person that the link was sent to."""
        return self.reset_user


class FactorActivation(_Noted, ActivateTOTPView):  # type: ignore[misc]
    """Adds a second factor."""

    change = Change.FACTOR_ADDED


class FactorRemoval(_Noted, DeactivateTOTPView):  # type: ignore[misc]
    """Removes the second factor."""

    change = Change.FACTOR_REMOVED


class RecoveryCodes(_Noted, GenerateRecoveryCodesView):  # type: ignore[misc]
    """Generates new recovery codes."""

    change = Change.RECOVERY_CODES


class Addresses(views.EmailView):  # type: ignore[misc]
    """Adds, removes and chooses addresses; the signals below record it."""

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make the change, which is recorded."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response


class Confirmation(views.ConfirmEmailView):  # type: ignore[misc]
    """Confirms an address with the link in an email; a signal below records it."""

    @transaction.atomic
    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Make the change, which is recorded."""
        response: HttpResponse = super().post(*args, **kwargs)
        return response


def address_added(*, user: User, email_address: EmailAddress, **kwargs: Any) -> None:
    """Record that a person added an address (allauth's email_added)."""
    facts = {"address": email_address.email}
    notices.note_change(person=user, change=Change.ADDRESS_ADDED, by=user, facts=facts)


def address_removed(*, user: User, email_address: EmailAddress, **kwargs: Any) -> None:
    """Record that a person removed an address, and notify it (allauth's email_removed)."""
    notices.note_change(
        person=user,
        change=Change.ADDRESS_REMOVED,
        by=user,
        also_to=[email_address.email] if email_address.verified else [],
        facts={"address": email_address.email},
    )


def main_address_changed(
    *,
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **kwargs: Any,
) -> None:
    """Record that a person changed their main address (allauth's email_changed)."""
    before = from_email_address.email if from_email_address else user.email
    if before == to_email_address.email:
        return
    notices.note_change(
        person=user,
        change=Change.MAIN_ADDRESS,
        by=user,
        also_to=[before, to_email_address.email],
        facts={"address": to_email_address.email, "before": before},
    )


def address_confirmed(*, email_address: EmailAddress, **kwargs: Any) -> None:
    """Record that a mailbox's owner followed the link (allauth's email_confirmed)."""
    person = email_address.user
    notices.note_change(person=person, change=Change.ADDRESS_CONFIRMED, by=person)
