"""Creates requirements and their request Messages (CDS-WG1-02 3.6)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone

from portal.ids import confirmation_number
from portal.models import User
from registration.errors import InvalidClientMetadata, InvalidRequest
from registration.fields.types import FieldType, RegistrationField
from registration.models import Client, Message, Registration
from registration.models.onboarding import Requirement
from registration.services.catalogue.fields import current_fields
from registration.services.messages.write import (
    open_form_request,
    open_payment_request,
    open_production_request,
)
from registration.services.onboarding.requirements import (
    PDF_NAME,
    Status,
    link_url,
    new_link,
    record,
)

LINK_VALID_FOR = timedelta(days=30)


def check_contacts(*, flows: Mapping[str, Sequence[str]], contacts: Sequence[str]) -> None:
    """Raise InvalidClientMetadata if an email address has to be verified and no contact has one."""
    known = current_fields()
    for field_id, scopes in flows.items():
        needs_mail = known[field_id].type is FieldType.EMAIL_VERIFICATION
        if needs_mail and not first_mail_address(contacts):
            raise InvalidClientMetadata(
                "contacts must contain an email address to verify, because it is required for "
                f"{', '.join(scopes)}.",
                field="contacts",
            )


def first_mail_address(contacts: Sequence[str]) -> str:
    """Return the first contact that is an email address, or "" without one."""
    for contact in contacts:
        address = contact.removeprefix("mailto:")
        try:
            validate_email(address)
        except ValidationError:
            continue
        return address
    return ""


def start_onboarding(
    *, registration: Registration, flows: Mapping[str, Sequence[str]], by: User | str
) -> list[Requirement]:
    """Request everything that the scopes of a new registration require, in its transaction.

    The contacts get only one email, because anyone could have named them.
    """
    known = current_fields()
    return [
        _start(
            registration=registration,
            field=known[field_id],
            scopes=scopes,
            is_told=number == 0,
            by=by,
        )
        for number, (field_id, scopes) in enumerate(flows.items())
    ]


def _start(
    *,
    registration: Registration,
    field: RegistrationField,
    scopes: Sequence[str],
    is_told: bool,
    by: User | str,
) -> Requirement:
    is_review = field.type is FieldType.INTERNAL_REVIEW
    requirement = Requirement.objects.create(
        registration=registration,
        field_id=field.id,
        type=field.type.value,
        scopes=list(scopes),
        status=Status.PENDING if is_review else Status.OPEN,
        amount=field.amount,
        currency=field.currency,
        reference=confirmation_number() if field.type is FieldType.PAYMENT_REQUIRED else "",
    )
    ask(requirement, field, is_told=is_told, by=by)
    record(requirement, "asked", by=by)
    return requirement


def ask(
    requirement: Requirement, field: RegistrationField, *, is_told: bool = True, by: User | str
) -> None:
    """Write the request Message with a new link; a repeated request replies to the previous one."""
    about: dict[str, Any] = {
        "name": field.name,
        "previous": requirement.message,
        "is_told": is_told,
        "by": by,
    }
    if field.type is FieldType.INTERNAL_REVIEW:
        requirement.message = _review_message(requirement, field, about)
    else:
        link = new_link(requirement, valid_for=LINK_VALID_FOR)
        requirement.link_expires = link.expires
        about["registration"] = requirement.registration
        requirement.message = _request_message(requirement, field, link_url(link), about)
    requirement.modified = timezone.now()
    requirement.save(update_fields=["message", "link_expires", "modified"])


def _review_message(
    requirement: Requirement, field: RegistrationField, about: Mapping[str, Any]
) -> Message:
    """Return a production request of the server (12.8); a Client can have only one pending."""
    sandbox: Client | None = (
        Client.objects.of(requirement.registration)
        .filter(cds_status_options__contains=["sandbox"], scopes__overlap=requirement.scopes)
        .order_by("pk")
        .first()
    )
    if sandbox is None:
        raise InvalidRequest("A production request needs a Client.", field="client")
    waiting = Message.objects.filter(type="production_request", status="pending", client=sandbox)
    known: Message | None = waiting.first()
    if known is not None:
        return known
    text = f"We have started a review for production access. {field.description}"
    return open_production_request(client=sandbox, description=text, **about)


def _request_message(
    requirement: Requirement, field: RegistrationField, page: str, about: Mapping[str, Any]
) -> Message:
    """Return the Message that asks for this type of field (CDS-WG1-02 3.6, decision 31)."""
    text = f"{field.description} You can open the link as often as you need."
    if field.type is FieldType.PAYMENT_REQUIRED:
        return open_payment_request(
            description=text,
            related_uri=page,
            amount=requirement.amount,
            currency=requirement.currency,
            **about,
        )
    if field.type is FieldType.PDF_FORM:
        text = (
            f"{field.description} Answer this Message with a client_submission that has the "
            f"completed PDF file attached, or upload it at {page}"
        )
        uri = f"{page}{PDF_NAME}"
        return open_form_request(
            type="pdf_form_request", description=text, related_uri=uri, **about
        )
    return open_form_request(
        type="online_form_request", description=text, related_uri=page, **about
    )
