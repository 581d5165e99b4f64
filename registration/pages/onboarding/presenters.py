"""Texts of the onboarding pages."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from payments import PaymentStatus

from portal.crypto import digest
from portal.models import User
from portal.sign_in.openid.config import named_providers
from registration.fields.types import FieldType, RegistrationField, ValueFormat
from registration.models import Payment
from registration.models.onboarding import Requirement
from registration.services.payments.fees import takes_cards


@dataclass(frozen=True, slots=True)
class StatusWords:
    """The status of a requirement: a heading and what happens next."""

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
    """Return the texts for the status of a requirement."""
    words = {
        Requirement.Status.OPEN: StatusWords(_("To do"), "", "info"),
        Requirement.Status.PENDING: StatusWords(
            _("We have received this"),
            _(
                "We're reviewing it and will message you with the result. You don't need to do "
                "anything now."
            ),
            "info",
        ),
        Requirement.Status.COMPLETE: StatusWords(
            _("This is done"), _("You don't need to do anything else here."), "success"
        ),
        Requirement.Status.REJECTED: StatusWords(
            _("We could not accept this"), requirement.reason, "danger"
        ),
    }
    return words[Requirement.Status(requirement.status)]


def payment_words(payment: Payment, requirement: Requirement) -> StatusWords:
    """Return the texts for a payer back from a checkout, based only on the provider's reports."""
    is_over = requirement.status == Requirement.Status.COMPLETE
    if payment.status == PaymentStatus.REFUNDED:
        return StatusWords(_("This payment was refunded"), "", "info")
    if payment.status == PaymentStatus.CONFIRMED and not is_over:
        return StatusWords(
            _("Your payment has arrived"),
            _("We're reviewing the remaining steps and will message you."),
            "info",
        )
    if requirement.status != Requirement.Status.OPEN:
        return status_words(requirement)
    if payment.status in Payment.UNFINISHED:
        return StatusWords(
            _("No payment yet"),
            _(
                "The payment service has not reported a payment yet. If you have just paid, wait "
                "a minute and check again; do not pay twice."
            ),
            "warning",
        )
    return StatusWords(
        _("This payment did not go through"), _("You can try again, or contact us."), "danger"
    )


def checkout_words() -> StatusWords:
    """Return the texts for a provider that does not open a checkout."""
    return StatusWords(
        _("Our payment service is not responding"),
        _(
            "You have not been charged. Try again in a few minutes, or ask us for another way to "
            "pay."
        ),
        "danger",
    )


def receipt_notes(requirement: Requirement) -> list[str]:
    """Return what happened to card payments of a fee: received, or refunded."""
    notes = {
        PaymentStatus.CONFIRMED: _("Paid by card."),
        PaymentStatus.REFUNDED: _("A card payment of this amount was refunded."),
    }
    statuses = requirement.payments.order_by("pk").values_list("status", flat=True)
    return [notes[status] for status in statuses if status in notes]


def masked(address: str) -> str:
    """Return an email address masked so that only its owner recognizes it: `o***@solar.example`."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}" if name else ""


def customer_mark(requirement: Requirement, user: User) -> str:
    """Return an opaque value that ties a page to the person it was shown to."""
    return digest(f"{requirement.requirement_id}:{user.pk}", purpose="onboarding-customer")


def money(requirement: Requirement) -> str:
    """Return an amount with its currency."""
    amount = number_format(requirement.amount or 0, decimal_pos=2, force_grouping=True)
    return f"{requirement.currency} {amount}"


def field_help(field: RegistrationField) -> FieldHelp:
    """Return the documentation of a field for developers (CDS-WG1-02 3.6 `documentation`)."""
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
            words = ngettext(
                "At most %(count)s character.", "At most %(count)s characters.", field.max_length
            )
            facts.append(words % {"count": field.max_length})
        if field.max_size and field.format.is_file:
            words = ngettext(
                "At most %(count)s byte before Base64.",
                "At most %(count)s bytes before Base64.",
                field.max_size,
            )
            facts.append(words % {"count": field.max_size})
        facts += [f"{choice.id}: {choice.name}" for choice in field.choices]
        if field.format.base is ValueFormat.PURPOSES:
            facts.append(_("Each purpose has an empty id and no scopes; the server fills in both."))
    if field.type is FieldType.PAYMENT_REQUIRED:
        facts.append(
            _("The fee is %(currency)s %(amount)s, paid once. There are no other fees.")
            % {"currency": field.currency, "amount": field.amount}
        )
        facts.append(
            _("It is paid by card, on the pages of our payment service.")
            if takes_cards()
            else _("It is paid by invoice.")
        )
    return facts


def _sign_in_step() -> str:
    """Name every way to sign in (3.6: which identity providers are supported)."""
    names = [provider.name for provider in named_providers()]
    if not names:
        return _("Sign in with the customer account, by password.")
    return _(
        "Sign in with the customer account: by password, or over OpenID Connect with %(names)s."
    ) % {"names": ", ".join(names)}


def _steps() -> Mapping[FieldType, tuple[str, ...]]:
    to_page = _("Open the link in the message that comes with your registration.")
    return {
        FieldType.REGISTRATION_FIELD: (_("Send it with the registration request."),),
        FieldType.INTERNAL_REVIEW: (
            _("You don't need to do anything. We'll message you with the result."),
        ),
        FieldType.EMAIL_VERIFICATION: (
            to_page,
            _("Press the button and we'll email a code to your first contact address."),
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
            _("Pay by card from there.")
            if takes_cards()
            else _("Follow the instructions on the page, and include the reference number."),
            _("When the money has arrived, we'll message you the receipt."),
        ),
        FieldType.SSO_VERIFICATION: (
            to_page,
            _sign_in_step(),
            _("Confirm that you want to link the account."),
        ),
    }
