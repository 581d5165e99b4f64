"""Second-factor authentication, in our wording and with encrypted secrets."""

from allauth.mfa.adapter import DefaultMFAAdapter
from django.utils.translation import gettext_lazy as _

from portal import crypto


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Says what to do after a wrong code; keeps in the database no secret that makes codes."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _(
            "This code does not work. Enter the one that your app shows now, or a recovery code."
        ),
        "unverified_email": _(
            "One of your email addresses is not confirmed yet. Confirm or remove it first."
        ),
        "add_email_blocked": _(
            "Your account asks for codes from an app, so no address can be added. Switch the app "
            "off, add the address, confirm it, and set the app up again."
        ),
        "too_many_codes": _("Too many codes were wrong. Wait a minute, then enter a new one."),
    }

    def encrypt(self, text: str) -> str:
        """Return what the database holds."""
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return what `encrypt` was given; raises cryptography.fernet.InvalidToken."""
        return crypto.decrypt(encrypted_text)
