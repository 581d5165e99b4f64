"""What a registration does before production use: requests, links, decisions (CDS-WG1-02 3.6).

Each registration field that asks for an action becomes a Requirement with a request Message. When
the last requirement of a scope is met, the scope gets its production Client (4.2).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.background.outbox import enqueue
from portal.errors import DomainError, NotFound
from portal.ids import confirmation_number
from portal.models import User
from registration import urls_of
from registration.errors import InvalidClientMetadata
from registration.fields.types import FieldType, RegistrationField
from registration.models import Client, Message, Payment, Registration
from registration.models.message_states import ERRORED, OPEN, PENDING
from registration.models.onboarding import Requirement, RequirementLink
from registration.services.catalogue.fields import REQUIREMENTS_PATH, current_fields
from registration.services.clients.create_production import (
    create_production_clients,
    production_links,
)
from registration.services.locks import lock_requirement
from registration.services.messages.write import open_server_request, update_request

Status = Requirement.Status
LINK_VALID_FOR = timedelta(days=30)
# A step is asked for this long, link after link; a step that staff reopen later, for one link.
ASKED_FOR = timedelta(days=180)
NOTHING_CAME = "Nothing was handed in for six months. Ask us to open this step again if needed."
RECEIPT_VALID_FOR = timedelta(days=3650)
PDF_NAME = "form.pdf"
SYSTEM = "system"
SWEEP_BATCH = 200
END_CHECKOUTS_TASK = "registration.tasks.end_checkouts"

# The Message that asks for each type of field (CDS-WG1-02 3.6, decision 31).
REQUESTS: Mapping[FieldType, str] = {
    FieldType.INTERNAL_REVIEW: "production_request",
    FieldType.PAYMENT_REQUIRED: "payment_request",
    FieldType.EMAIL_VERIFICATION: "online_form_request",
    FieldType.SSO_VERIFICATION: "online_form_request",
    FieldType.ONLINE_FORM: "online_form_request",
    FieldType.PDF_FORM: "pdf_form_request",
}

# Staff may approve at any point: requirements can be met another way (3.6).
TRANSITIONS: Mapping[str, frozenset[str]] = {
    Status.OPEN: frozenset({Status.PENDING, Status.COMPLETE, Status.REJECTED}),
    # Back to open when a payment fails on its way.
    Status.PENDING: frozenset({Status.OPEN, Status.COMPLETE, Status.REJECTED}),
    Status.REJECTED: frozenset({Status.OPEN, Status.PENDING}),
    Status.COMPLETE: frozenset(),
}

_signer = signing.Signer(salt="registration.onboarding-link", sep=".")


class ForbiddenStep(DomainError):
    """The requirement is not at a point where this can happen."""

    code = "forbidden_step"
    status = 409


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What an address leads to; `is_expired` links show nothing but that."""

    requirement: Requirement
    is_expired: bool


def check_contacts(*, flows: Mapping[str, Sequence[str]], contacts: Sequence[str]) -> None:
    """Raise InvalidClientMetadata when a mail has to be verified and no contact has one."""
    known = current_fields()
    for field_id, scopes in flows.items():
        needs_mail = known[field_id].type is FieldType.EMAIL_VERIFICATION
        if needs_mail and not first_mail_address(contacts):
            raise InvalidClientMetadata(
                f"contacts must hold a mail address: {', '.join(scopes)} needs it to be verified.",
                field="contacts",
            )


def first_mail_address(contacts: Sequence[str]) -> str:
    """Return the first contact that is a mail address, "" without one."""
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
    """Ask for everything that the scopes of a new registration require, in its transaction.

    The contacts get one mail: anybody may have named them.
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
    _ask(requirement, field, is_told=is_told, by=by)
    record(requirement, "asked", by=by)
    return requirement


def _ask(
    requirement: Requirement, field: RegistrationField, *, is_told: bool = True, by: User | str
) -> None:
    """Write the request Message with a new link; a repeated one replies to the one before."""
    request: dict[str, Any] = {
        "registration": requirement.registration,
        "type": REQUESTS[field.type],
        "name": field.name,
        "previous": requirement.message,
        "is_told": is_told,
        "by": by,
    }
    if field.type is FieldType.INTERNAL_REVIEW:
        requirement.message = _review_message(requirement, field, request)
    else:
        link = new_link(requirement, valid_for=LINK_VALID_FOR)
        requirement.link_expires = link.expires
        page = link_url(link)
        is_pdf = field.type is FieldType.PDF_FORM
        requirement.message = open_server_request(
            **request,
            description=_request_text(field, page),
            related_uri=f"{page}{PDF_NAME}" if is_pdf else page,
            amount=requirement.amount,
            currency=requirement.currency,
        )
    requirement.modified = timezone.now()
    requirement.save(update_fields=["message", "link_expires", "modified"])


def _review_message(
    requirement: Requirement, field: RegistrationField, request: dict[str, Any]
) -> Message:
    """Return the production request that the server makes (12.8); one per Client can wait."""
    sandbox = (
        Client.objects.of(requirement.registration)
        .filter(cds_status_options__contains=["sandbox"], scopes__overlap=requirement.scopes)
        .order_by("pk")
        .first()
    )
    waiting = Message.objects.filter(type=request["type"], status="pending", client=sandbox)
    known: Message | None = waiting.first() if sandbox else None
    if known is not None:
        return known
    text = f"We have started a review for production access. {field.description}"
    return open_server_request(**request, description=text, client=sandbox)


def _request_text(field: RegistrationField, page: str) -> str:
    if field.type is FieldType.PDF_FORM:
        return (
            f"{field.description} Answer this Message with a client_submission that has the filled "
            f"PDF file attached, or upload it at {page}"
        )
    return f"{field.description} The link can be opened as often as needed."


def new_link(requirement: Requirement, *, valid_for: timedelta) -> RequirementLink:
    """Return a new address of a requirement; earlier ones go on until they expire."""
    link: RequirementLink = RequirementLink.objects.create(
        requirement=requirement, expires=timezone.now() + valid_for
    )
    return link


def link_url(link: RequirementLink) -> str:
    """Return the absolute URL of a link: random and signed, so that guesses cost no query."""
    return f"{urls_of.portal_url(REQUIREMENTS_PATH)}{_signer.sign(link.link_id)}/"


def open_link(token: str) -> OpenedLink:
    """Return what a link leads to; opening it uses nothing up. Raises NotFound."""
    try:
        link_id = _signer.unsign(token)
    except signing.BadSignature as error:
        raise NotFound("There is no such page.") from error
    link = (
        RequirementLink.objects.select_related("requirement__registration", "requirement__message")
        .filter(link_id=link_id)
        .first()
    )
    if link is None:
        raise NotFound("There is no such page.")
    return OpenedLink(link.requirement, link.expires <= timezone.now())


@transaction.atomic
def renew_link(*, requirement: Requirement, by: User | str = SYSTEM) -> Requirement:
    """Write a new request Message when the newest link of an open requirement has expired.

    A step for which nothing came in `ASKED_FOR` is rejected instead. Nothing happens otherwise, so
    sweeps and visitors may both ask for it. No mail goes out, whether or not the contacts know of
    the registration.
    """
    requirement = lock_requirement(requirement)
    now = timezone.now()
    is_due = requirement.link_expires is not None and requirement.link_expires <= now
    if requirement.status != Status.OPEN or not is_due:
        return requirement
    if requirement.created <= now - ASKED_FOR:
        _decide(requirement, Status.REJECTED, reason=NOTHING_CAME, by=by)
        _update_messages(requirement, Status.REJECTED, NOTHING_CAME, is_told=False, by=by)
    else:
        _ask(requirement, field_of(requirement), is_told=False, by=by)
        record(requirement, "link_renewed", by=by)
    return requirement


def renew_expired_links(now: datetime) -> int:
    """Renew the links that have expired, each in its own transaction; return how many.

    A step that is no longer asked for holds up no other: it waits until its time is over.
    """
    count = 0
    due = Requirement.objects.with_expired_links(now).order_by("-link_expires")
    for requirement in due[:SWEEP_BATCH]:
        with suppress(ForbiddenStep):
            renew_link(requirement=requirement)
            count += 1
    return count


@transaction.atomic
def submit(*, requirement: Requirement, by: User | str, **values: Any) -> Requirement:
    """Take what was handed in: the request becomes pending, and complete unless staff look first.

    `values` are columns to set, such as `answer` or `file`. A pending requirement may be handed in
    again; the newest counts. Raises ForbiddenStep once it is complete or rejected.
    """
    requirement = lock_requirement(requirement)
    if requirement.status not in {Status.OPEN, Status.PENDING}:
        raise ForbiddenStep("This has been decided already; nothing more is needed here.")
    for name, value in values.items():
        setattr(requirement, name, value)
    requirement.status = Status.PENDING
    requirement.modified = timezone.now()
    requirement.save()
    _update_messages(requirement, Status.PENDING, "We have received this.", by=by)
    record(requirement, "submitted", by=by)
    if not field_of(requirement).waits_for_staff:
        return approve_requirement(requirement=requirement, by=SYSTEM)
    return requirement


@transaction.atomic
def approve_requirement(
    *, requirement: Requirement, note: str = "", answers: bool = True, by: User | str
) -> Requirement:
    """Accept what was asked for, whatever the way in which it was met (CDS-WG1-02 3.6).

    Makes the production Clients of its scopes for which nothing is missing any more. Without
    `answers` the caller answers the request Message itself. Raises ForbiddenStep for one that is
    complete or rejected, and for a review while other steps of its scopes are missing.
    """
    requirement = lock_requirement(requirement)
    if requirement.type == FieldType.INTERNAL_REVIEW:
        _require_the_rest(requirement)
    _decide(requirement, Status.COMPLETE, reason="", by=by)
    _release(requirement, by=by)
    if answers:
        links: dict[str, Any] = answer_links(requirement)
        _update_messages(requirement, Status.COMPLETE, note or "Accepted.", by=by, **links)
    return requirement


def _require_the_rest(review: Requirement) -> None:
    """A review is the last step: what is made is what was looked at, at that moment.

    Passed earlier, it would let in whatever the Client says when the last form comes in. Several
    reviews of a scope may end in any order: the last one has seen it.
    """
    unmet = Requirement.objects.of(review.registration).unmet()
    others = unmet.filter(scopes__overlap=review.scopes).exclude(type=review.type).order_by("pk")
    missing = ", ".join(others.values_list("field_id", flat=True))
    if missing:
        raise ForbiddenStep(f"Other requirements are missing: {missing}. Approve those first.")


def answer_links(requirement: Requirement) -> dict[str, str]:
    """Return what the answer to a met requirement links to (6.3)."""
    if requirement.type == FieldType.INTERNAL_REVIEW:
        return production_links(requirement.registration, requirement.scopes)
    return receipt_links(requirement)


def receipt_links(requirement: Requirement) -> dict[str, str]:
    """A completed payment is answered with its receipt (6.3)."""
    if requirement.type != FieldType.PAYMENT_REQUIRED:
        return {}
    receipt = new_link(requirement, valid_for=RECEIPT_VALID_FOR)
    return {"related_type": "payment_receipt", "related_uri": link_url(receipt)}


@transaction.atomic
def reject_requirement(
    *, requirement: Requirement, reason: str, answers: bool = True, by: User | str
) -> Requirement:
    """Refuse; the reason goes to the third party (CDS-WG1-02 6.3).

    Without `answers` the caller answers the request Message itself.
    Raises ForbiddenStep for one that is decided, and without a reason.
    """
    requirement = lock_requirement(requirement)
    _decide(requirement, Status.REJECTED, reason=reason, by=by)
    if answers:
        _update_messages(requirement, Status.REJECTED, reason, by=by)
    return requirement


@transaction.atomic
def fail_requirement(*, requirement: Requirement, reason: str, by: User | str) -> Requirement:
    """Say that what was handed in could not be processed; it can be tried again (6.3 `errored`).

    Raises ForbiddenStep for one that is not pending.
    """
    requirement = lock_requirement(requirement)
    _move(requirement, Status.OPEN)
    requirement.save(update_fields=["status", "modified"])
    _update_messages(requirement, ERRORED, reason, by=by)
    record(requirement, "errored", by=by)
    return requirement


@transaction.atomic
def reopen_requirement(*, requirement: Requirement, by: User | str) -> Requirement:
    """Ask again after a rejection, in a new Message that replies to the old one.

    Raises ForbiddenStep for one that is not rejected.
    """
    requirement = lock_requirement(requirement)
    if requirement.status != Status.REJECTED:
        raise ForbiddenStep(f"{requirement.field_id} is {requirement.status}, not rejected.")
    field = field_of(requirement)
    is_review = field.type is FieldType.INTERNAL_REVIEW
    _move(requirement, Status.PENDING if is_review else Status.OPEN)
    requirement.decided, requirement.reason = None, ""
    requirement.save()
    _ask(requirement, field, by=by)
    record(requirement, "reopened", by=by)
    return requirement


def requirement_of(message: Message) -> Requirement | None:
    """Return the requirement that a request Message asks for, None for other Messages.

    A request whose link has expired leads on through the newer one that replies to it.
    """
    rows = Requirement.objects.of(message.registration).select_related("registration", "message")
    newest: Message | None = message
    while newest is not None:
        found: Requirement | None = rows.filter(message=newest).first()
        if found is not None:
            return found
        newest = newest.replies.filter(type=message.type, creator="").order_by("pk").last()
    return None


def field_of(requirement: Requirement) -> RegistrationField:
    """Return the registration field. Raises ForbiddenStep when staff have removed it since."""
    field = current_fields().get(requirement.field_id)
    if field is None or field.type != requirement.type:
        raise ForbiddenStep("This is no longer asked for.")
    return field


def record(requirement: Requirement, action: str, *, by: User | str, **details: str) -> None:
    """Write the audit row of one step."""
    audit.record(
        f"requirement.{action}",
        by=by,
        subject=f"requirement:{requirement.requirement_id}",
        registration=requirement.registration.registration_id,
        details={"field": requirement.field_id, **details},
    )


def _move(requirement: Requirement, status: Requirement.Status) -> None:
    if status not in TRANSITIONS[requirement.status]:
        raise ForbiddenStep(
            f"{requirement.field_id} is {requirement.status} and cannot become {status}."
        )
    requirement.status = status
    requirement.modified = timezone.now()


def _decide(
    requirement: Requirement, status: Requirement.Status, *, reason: str, by: User | str
) -> None:
    if status == Status.REJECTED and not reason.strip():
        raise ForbiddenStep("Say why: a rejection needs a reason.")
    _move(requirement, status)
    requirement.decided, requirement.reason = requirement.modified, reason
    if requirement.type == FieldType.PAYMENT_REQUIRED:
        _close_payments(requirement)
    requirement.save()
    record(requirement, status.value, by=by)


def _close_payments(requirement: Requirement) -> None:
    """A decided fee takes no more money: what is here by now meets it, open checkouts are ended.

    The fact is kept here, not at the payment: that would have to be locked first.
    """
    payments = Payment.objects.of(requirement)
    if requirement.status == Status.COMPLETE:
        requirement.paid_by = payments.arrived().order_by("pk").first()
    if payments.unfinished().exists():
        enqueue(END_CHECKOUTS_TASK, requirement.pk)


def _update_messages(
    requirement: Requirement,
    status: str,
    description: str,
    *,
    is_told: bool = True,
    by: User | str,
    **links: Any,
) -> None:
    """Answer the request Message, and those that it replaced when a link expired."""
    update = {"status": status, "description": description, **links}
    for message in _requests(requirement):
        if message.status in {OPEN, PENDING, ERRORED}:
            update_request(message=message, is_told=is_told, by=by, **update)


def _requests(requirement: Requirement) -> Iterator[Message]:
    message = requirement.message
    while message is not None:
        yield message
        message = message.previous


def _release(requirement: Requirement, *, by: User | str) -> None:
    """Make the production Clients of those scopes of a requirement that have everything now.

    Scopes of others stay out: what was ready earlier and got no Client waits for a production
    request, which shows staff what the sandbox Client says by then.
    """
    unmet = Requirement.objects.of(requirement.registration).unmet()
    held_back = {scope for each in unmet for scope in each.scopes}
    ready = [scope for scope in requirement.scopes if scope not in held_back]
    if ready:
        create_production_clients(registration=requirement.registration, scopes=ready, by=by)
