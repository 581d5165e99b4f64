"""What can change about how a person signs in, and the sentence that tells the owner."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Change(StrEnum):
    """One change; the value names it in the audit trail."""

    ADDRESS_ADDED = "address_added"
    ADDRESS_CONFIRMED = "address_confirmed"
    ADDRESS_REMOVED = "address_removed"
    MAIN_ADDRESS = "main_address_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 -- no password
    PASSWORD_SET = "password_set"  # noqa: S105 -- no password
    PASSWORD_RESET = "password_reset"  # noqa: S105 -- no password
    FACTOR_ADDED = "second_factor_added"
    FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES = "recovery_codes_made"
    MANY_PASSWORDS = "many_wrong_passwords"
    MANY_CODES = "many_wrong_codes"


# An address that is confirmed was added before, which its owner was told.
SENTENCES = {
    Change.ADDRESS_ADDED: _(
        "The address %(address)s was added to your account. Once it is confirmed, it opens the "
        "account as your main address does."
    ),
    Change.ADDRESS_REMOVED: _("The address %(address)s was removed from your account."),
    Change.MAIN_ADDRESS: _(
        "The main address of your account is now %(address)s. It was %(before)s."
    ),
    Change.PASSWORD_CHANGED: _("The password of your account was changed."),
    Change.PASSWORD_SET: _("Your account now has a password, which opens it too."),
    Change.PASSWORD_RESET: _(
        "A new password was chosen for your account, through the link in a mail to you."
    ),
    Change.FACTOR_ADDED: _("Signing in to your account now needs a code from an app, too."),
    Change.FACTOR_REMOVED: _("Signing in to your account no longer needs a code from an app."),
    Change.RECOVERY_CODES: _(
        "New recovery codes were made for your account. The earlier ones no longer work."
    ),
    Change.MANY_PASSWORDS: _(
        "Many wrong passwords were entered for your account today. New browsers cannot sign in "
        "with a password until tomorrow, unless you choose a new one with “Forgot your password?”. "
        "Browsers in which you signed in before are not affected."
    ),
    Change.MANY_CODES: _(
        "Many wrong codes were entered for your account today, by someone who knows your password. "
        "Choose another password."
    ),
}
