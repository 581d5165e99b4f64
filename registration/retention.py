"""What deletes the rows of registration."""

from datetime import timedelta

from portal.retention import AgeLimit, Kept, LivesWith, register_retention

_PARTY = "a third party's record, until the utility deletes it"
_OFFER = "what the utility offers, until staff remove it"


def register() -> None:
    """Register the rules: called once, when the app is ready."""
    register_retention(
        Kept("registration.Registration", _PARTY),
        LivesWith("registration.RegistrationMember", "registration"),
        Kept("registration.Client", _PARTY),
        Kept("registration.Credential", _PARTY),
        Kept("registration.RegistrationFile", _PARTY),
        Kept("registration.ServerProvidedFile", _PARTY),
        Kept("registration.Message", _PARTY),
        Kept("registration.MessageAttachment", _PARTY),
        Kept("registration.Requirement", _PARTY),
        AgeLimit(
            "registration.RequirementLink",
            rows="links to onboarding steps that have expired",
            age=timedelta(days=180),
            since="expires",
        ),
        AgeLimit(
            "registration.VerificationCode",
            rows="codes that were mailed to verify an address",
            age=timedelta(days=7),
            since="expires",
        ),
        LivesWith("registration.ClientLogo", "client"),
        Kept("registration.Payment", "money received and refunded"),
        Kept("registration.OfferedRegistrationField", _OFFER),
        Kept("registration.CoverageEntry", _OFFER),
        Kept("registration.OfferedScope", _OFFER),
        Kept("registration.PublishedDocument", _OFFER),
    )
