"""Changes to how a person signs in, and the sentence about each for the owner."""

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


# No sentence for confirming an address: the owner was already told when it was added.
SENTENCES = {
    Change.ADDRESS_ADDED: _(
        "The address %(address)s was added to your account. Once it is confirmed, you can also "
        "sign in with it."
    ),
    Change.ADDRESS_REMOVED: _("The address %(address)s was removed from your account."),
    Change.MAIN_ADDRESS: _(
        "The main address of your account is now %(address)s. It was %(before)s."
    ),
    Change.PASSWORD_CHANGED: _("The password of your account was changed."),
    Change.PASSWORD_SET: _("Your account now has a password, and you can sign in with it."),
    Change.PASSWORD_RESET: _(
        "A new password was set for your account with the link in an email that we sent you."
    ),
    Change.FACTOR_ADDED: _("Signing in to your account now also requires a code from an app."),
    Change.FACTOR_REMOVED: _("Signing in to your account no longer requires a code from an app."),
    Change.RECOVERY_CODES: _(
        "New recovery codes were created for your account. The old ones no longer work."
    ),
    Change.MANY_PASSWORDS: _(
        "Many wrong passwords were entered for your account today. You cannot sign in with your "
        "password in a new browser until tomorrow, unless you choose a new one with “Forgot your "
        "password?”. Browsers in which you have signed in before are not affected."
    ),
    Change.MANY_CODES: _(
        "Many wrong codes were entered for your account today, by someone who knows your password. "
        "Choose another password."
    ),
}
