"""The registration fields that come with the portal; rows can change them and add others."""

from django.conf import settings

from registration.catalogue.offers import UNSET
from registration.fields.types import (
    MEGABYTE,
    FieldChoice,
    FieldType,
    RegistrationField,
    ValueFormat,
)

INTERNAL_REVIEW = "internal_review"
EMAIL_VERIFICATION = "email_verification"
TERMS_FORM = "terms_form"
AGREEMENT_PDF = "agreement_pdf"
REGISTRATION_FEE = "registration_fee"
CUSTOMER_SIGN_IN = "customer_sign_in"

_TERMS = (
    (
        "We use customer data only for the purposes that customers were told about, and only as "
        "long as they allow it."
    ),
    (
        "We keep the data and all secrets safe, and notify the utility within 72 hours if anyone "
        "may have accessed them without permission."
    ),
    (
        "When a customer stops sharing, we collect no more data. We delete the data we have when "
        "the customer asks us to, unless the law requires us to keep it."
    ),
    "We do not sell the data, and we do not try to identify people in anonymized data.",
)
_AGREEMENT = (
    "Our company asks for access to energy data that customers decide to share.",
    (
        "The people named below are responsible for the security of this data and can be reached "
        "during business hours."
    ),
    "We accept the utility's terms for data recipients.",
)


def standard_fields() -> dict[str, RegistrationField]:
    """Return the fields by id. Amounts come from the settings of the deployment."""
    return {field.id: field for field in (*_flows(), *_submitted())}


def _flows() -> tuple[RegistrationField, ...]:
    utility = settings.UTILITY_NAME
    return (
        RegistrationField(
            id=INTERNAL_REVIEW,
            type=FieldType.INTERNAL_REVIEW,
            name="Review by the utility",
            description=f"{utility} reviews the registration before production use.",
        ),
        RegistrationField(
            id=EMAIL_VERIFICATION,
            type=FieldType.EMAIL_VERIFICATION,
            name="Confirm the contact address",
            description=(
                "We email a code to the first email address among the contacts; enter it on the "
                "page that the Message links to."
            ),
        ),
        RegistrationField(
            id=TERMS_FORM,
            type=FieldType.ONLINE_FORM,
            name="Accept the terms for data recipients",
            description=(
                "A person who is authorized to sign for the company accepts the terms on a page."
            ),
            body=_TERMS,
        ),
        RegistrationField(
            id=AGREEMENT_PDF,
            type=FieldType.PDF_FORM,
            name="Data recipient agreement",
            description="A form to download, fill in, sign and send back as a PDF file.",
            max_size=10 * MEGABYTE,
            body=_AGREEMENT,
            is_reviewed=True,
        ),
        RegistrationField(
            id=REGISTRATION_FEE,
            type=FieldType.PAYMENT_REQUIRED,
            name="Registration fee",
            description="A fee for setting up production access, paid once.",
            amount=settings.REGISTRATION_FEE_AMOUNT,
            currency=settings.REGISTRATION_FEE_CURRENCY,
        ),
        RegistrationField(
            id=CUSTOMER_SIGN_IN,
            type=FieldType.SSO_VERIFICATION,
            name="Sign in as a customer",
            description=(
                f"A person signs in with their own customer account at {utility}, so that the "
                "registration can request that customer's own data."
            ),
        ),
    )


def _submitted() -> tuple[RegistrationField, ...]:
    return (
        _field("company_address", "Postal address of the company", ValueFormat.STRING, 500),
        _field("security_email", "Where to report security problems", ValueFormat.EMAIL, 320),
        _field("regulator_page", "Public listing by a regulator", ValueFormat.URL_OR_NULL, 2000),
        RegistrationField(
            id="company_kind",
            type=FieldType.REGISTRATION_FIELD,
            name="Kind of company",
            description="What kind of company registers.",
            field_name="cds_company_kind",
            format=ValueFormat.CHOICE_OR_NULL,
            default=None,
            choices=(
                FieldChoice(
                    id="company",
                    name="Company",
                    description="A business or an association, for profit or not.",
                ),
                FieldChoice(
                    id="public_body",
                    name="Public body",
                    description="A city, an agency or another part of the government.",
                ),
                FieldChoice(
                    id="research",
                    name="Research",
                    description="A university or an institute, for research only.",
                ),
                FieldChoice(
                    id="person",
                    name="A person, for their own data",
                    description="Someone who collects the data of their own home or business.",
                ),
            ),
        ),
        RegistrationField(
            id="company_registration_pdf",
            type=FieldType.REGISTRATION_FIELD,
            name="Extract from the company register",
            description="A PDF file of the company's entry in a public register.",
            field_name="cds_company_registration_pdf",
            format=ValueFormat.PDF_OR_NULL,
            default=None,
            max_size=2 * MEGABYTE,
        ),
        RegistrationField(
            id="purposes",
            type=FieldType.REGISTRATION_FIELD,
            name="Purposes",
            description="What customers read about why the data is asked for (CDS-WG3-01 8.3).",
            field_name="cds_purposes",
            format=ValueFormat.PURPOSES_OR_NULL,
            default=None,
        ),
    )


def _field(field_id: str, name: str, format_: ValueFormat, limit: int) -> RegistrationField:
    return RegistrationField(
        id=field_id,
        type=FieldType.REGISTRATION_FIELD,
        name=name,
        description=f"{name}.",
        field_name=f"cds_{field_id}",
        format=format_,
        default=None if format_.allows_null else UNSET,
        max_length=limit,
    )
