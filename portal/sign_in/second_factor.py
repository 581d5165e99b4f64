"""Our messages about the second factor, and the encryption of its secrets."""

from allauth.mfa.adapter import DefaultMFAAdapter
from django.utils.translation import gettext_lazy as _

from portal import crypto


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Says what to do after a wrong code; stores secrets only encrypted."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _(
            "This code does not work. Enter the one that your app shows now, or a recovery code."
        ),
        "unverified_email": _(
            "One of your email addresses is not confirmed yet. Confirm or remove it first."
        ),
        "add_email_blocked": _(
            "You cannot add an address while your account requires codes from an app. Turn the app "
            "off, add the address, confirm it, and set the app up again."
        ),
        "too_many_codes": _("Too many wrong codes. Wait a minute, then enter a new one."),
    }

    def encrypt(self, text: str) -> str:
        """Return the encrypted text to store."""
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the text that `encrypt` received; raises cryptography.fernet.InvalidToken."""
        return crypto.decrypt(encrypted_text)
