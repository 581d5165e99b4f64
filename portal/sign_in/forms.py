"""Sign-in forms, where allauth's reveal who has an account or do not count guesses."""

import secrets
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm, ResetPasswordForm, SignupForm
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from portal.http.ratelimits import TooManyRequests
from portal.models import User
from portal.sign_in import guesses, lookup, notices
from portal.sign_in.allauth_private import send_verification_email_to_address


class SignUpForm(SignupForm):  # type: ignore[misc]
    """Creates an account; for an existing address, does the same work and rolls it back."""

    def validate_unique_email(self, value: str) -> str:
        """Record whether an account has the address, without revealing it."""
        self.account_already_exists = lookup.is_taken(value)
        return value

    @transaction.atomic
    def try_save(self, request: HttpRequest) -> tuple[None, Any]:
        """Create the account and email the address; the response is the same if it is taken."""
        address: str = self.cleaned_data["email"]
        with transaction.atomic():
            row = self._created(request, address)
            transaction.set_rollback(self.account_already_exists)
        if self.account_already_exists:
            row = EmailAddress(email=address)
        send_verification_email_to_address(request, row, signup=True)
        return None, get_adapter(request).respond_email_verification_sent(request, None)

    def _created(self, request: HttpRequest, address: str) -> EmailAddress:
        """Create an account, or one under a placeholder address that will be rolled back."""
        adapter = get_adapter(request)
        if self.account_already_exists:
            address = f"{secrets.token_hex(16)}@taken.invalid"
        data = {**self.cleaned_data, "email": address}
        person: User = adapter.save_user(request, adapter.new_user(request), _Filled(data))
        notices.note_signed_up(person=person)
        row: EmailAddress = EmailAddress.objects.create(user=person, email=address, primary=True)
        return row


class _Filled:
    """The part of a form that the adapter reads."""

    def __init__(self, cleaned_data: dict[str, Any]) -> None:
        self.cleaned_data = cleaned_data


class ResetForm(ResetPasswordForm):  # type: ignore[misc]
    """Sends the link for a new password only to main addresses."""

    def clean_email(self) -> str:
        """Find the account with this main address, without revealing it."""
        address: str = get_adapter().clean_email(self.cleaned_data["email"].lower())
        person = lookup.person_reset_by(address)
        self.users = [person] if person else []
        return address


class NewPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """Asks for the current password; wrong ones count like those at sign-in."""

    def clean_oldpassword(self) -> str:
        """Check the password as a sign-in does."""
        password: str = self.cleaned_data["oldpassword"]
        if not get_adapter().reauthenticate(self.user, password):
            raise get_adapter().validation_error("enter_current_password")
        return password


class _Counted:
    user: User

    def clean_code(self) -> str:
        """Count the attempt, and record a wrong one."""
        attempt = guesses.Try(context.request, guesses.CODES, self.user)
        try:
            attempt.begin()
        except TooManyRequests as error:
            raise get_factor_adapter().validation_error("too_many_codes") from error
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError:
            attempt.failed()
            raise
        attempt.succeeded()
        return code


class CodeForm(_Counted, AuthenticateForm):  # type: ignore[misc]
    """Takes the second factor during sign-in."""


class CodeAgainForm(_Counted, ReauthenticateForm):  # type: ignore[misc]
    """Takes the second factor when a signed-in person has to confirm their identity."""
