"""Words of the onboarding pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from registration.fields.types import FieldType, RegistrationField, ValueFormat
from registration.models.onboarding import Requirement


@dataclass(frozen=True, slots=True)
class StatusWords:
    """How a requirement stands: a heading and what happens next."""

    heading: str
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class FieldHelp:
    """One registration field on the page that explains them all."""

    id: str
    name: str
    description: str
    steps: tuple[str, ...]
    facts: tuple[str, ...]
    pdf_url: str


def status_words(requirement: Requirement) -> StatusWords:
    """Return the words for the status of a requirement."""
    words = {
        Requirement.Status.OPEN: StatusWords(_("To do"), "", "info"),
        Requirement.Status.PENDING: StatusWords(
            _("We have received this"),
            _("We look at it and answer in your messages. You need not do anything now."),
            "info",
        ),
        Requirement.Status.COMPLETE: StatusWords(
            _("This is done"), _("Nothing more is needed here."), "success"
        ),
        Requirement.Status.REJECTED: StatusWords(
            _("We could not accept this"), requirement.reason, "danger"
        ),
    }
    return words[Requirement.Status(requirement.status)]


def masked(address: str) -> str:
    """Return a mail address that only who knows it recognises: `o***@solar.example`."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}" if name else ""


def money(requirement: Requirement) -> str:
    """Return an amount with its currency."""
    amount = number_format(requirement.amount or 0, decimal_pos=2, force_grouping=True)
    return f"{requirement.currency} {amount}"


def field_help(field: RegistrationField) -> FieldHelp:
    """Return what developers read about a field (CDS-WG1-02 3.6 `documentation`)."""
    is_pdf = field.type is FieldType.PDF_FORM
    return FieldHelp(
        id=field.id,
        name=field.name,
        description=field.description,
        steps=_steps()[field.type],
        facts=tuple(_facts(field)),
        pdf_url=f"forms/{field.id}.pdf" if is_pdf else "",
    )


def _facts(field: RegistrationField) -> list[str]:
    facts = []
    if field.format is not None:
        facts.append(
            _("Sent as %(name)s, in the format %(format)s.")
            % {"name": field.field_name, "format": field.format}
        )
        if field.max_length and field.format.has_length:
            facts.append(_("At most %(count)s characters.") % {"count": field.max_length})
        if field.max_size and field.format.is_file:
            facts.append(_("At most %(count)s bytes before Base64.") % {"count": field.max_size})
        facts += [f"{choice.id}: {choice.name}" for choice in field.choices]
        if field.format.base is ValueFormat.PURPOSES:
            facts.append(_("Each purpose has an empty id and no scopes; the server fills both."))
    if field.type is FieldType.PAYMENT_REQUIRED:
        facts.append(
            _("The fee is %(currency)s %(amount)s, paid once by invoice. There are no other fees.")
            % {"currency": field.currency, "amount": field.amount}
        )
    return facts


def _steps() -> Mapping[FieldType, tuple[str, ...]]:
    to_page = _("Open the link in the message that comes with your registration.")
    return {
        FieldType.REGISTRATION_FIELD: (_("Send it with the registration request."),),
        FieldType.INTERNAL_REVIEW: (
            _("You need not do anything. A message tells you what comes of it."),
        ),
        FieldType.EMAIL_VERIFICATION: (
            to_page,
            _("Press the button: a code of six digits goes to your first mail contact."),
            _("Enter the code on the same page within 30 minutes."),
        ),
        FieldType.ONLINE_FORM: (
            to_page,
            _("Read the terms, type your name and your role, and accept."),
        ),
        FieldType.PDF_FORM: (
            _("Download the form from the message, or the blank one below."),
            _("Fill it in, sign it, and save it as a PDF file."),
            _("Attach it to a client_submission that answers the message, or upload it."),
        ),
        FieldType.PAYMENT_REQUIRED: (
            to_page,
            _("Pay as the page says, and name the reference number."),
            _("When the money has arrived, a message has the receipt."),
        ),
        FieldType.SSO_VERIFICATION: (
            to_page,
            _("Sign in with the customer account: by password, or as the sign-in page offers."),
            _("Confirm that the account may be linked."),
        ),
    }
