"""What a registration has to do before production use: requirements, rules and links (3.6).

Each registration field that requires an action becomes a Requirement with a request Message: see
start, decide and renew. When the last requirement of a scope is met, the scope gets its production
Client (CDS-WG1-02 4.2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.utils import timezone

from portal import audit
from portal.errors import DomainError, NotFound
from portal.models import User
from registration import urls_of
from registration.fields.types import FieldType, RegistrationField
from registration.models import Message
from registration.models.onboarding import Requirement, RequirementLink
from registration.services.catalogue.fields import REQUIREMENTS_PATH, current_fields

Status = Requirement.Status
RECEIPT_VALID_FOR = timedelta(days=3650)
PDF_NAME = "form.pdf"

# Staff can approve at any point: requirements can be met another way (3.6).
TRANSITIONS: Mapping[str, frozenset[str]] = {
    Status.OPEN: frozenset({Status.PENDING, Status.COMPLETE, Status.REJECTED}),
    # Back to open if a pending payment fails.
    Status.PENDING: frozenset({Status.OPEN, Status.COMPLETE, Status.REJECTED}),
    Status.REJECTED: frozenset({Status.OPEN, Status.PENDING}),
    Status.COMPLETE: frozenset(),
}

_signer = signing.Signer(salt="registration.onboarding-link", sep=".")


class ForbiddenStep(DomainError):
    """The current status of the requirement does not allow this step."""

    code = "forbidden_step"
    status = 409


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """What a link leads to; pages of `is_expired` links only say that they have expired."""

    requirement: Requirement
    is_expired: bool


def new_link(requirement: Requirement, *, valid_for: timedelta) -> RequirementLink:
    """Return a new link to a requirement; earlier ones keep working until they expire."""
    link: RequirementLink = RequirementLink.objects.create(
        requirement=requirement, expires=timezone.now() + valid_for
    )
    return link


def link_url(link: RequirementLink) -> str:
    """Return the absolute URL of a link: random and signed, so guesses cause no query."""
    return f"{urls_of.portal_url(REQUIREMENTS_PATH)}{_signer.sign(link.link_id)}/"


def open_link(token: str) -> OpenedLink:
    """Return what a link leads to; it can be opened repeatedly. Raises NotFound."""
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


def receipt_links(requirement: Requirement) -> dict[str, str]:
    """A completed payment is answered with its receipt (6.3)."""
    if requirement.type != FieldType.PAYMENT_REQUIRED:
        return {}
    receipt = new_link(requirement, valid_for=RECEIPT_VALID_FOR)
    return {"related_type": "payment_receipt", "related_uri": link_url(receipt)}


def requirement_of(message: Message) -> Requirement | None:
    """Return the requirement that a request Message asks for, or None for other Messages.

    A request whose link has expired is followed through the newer request that replies to it.
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
    """Return the registration field. Raises ForbiddenStep if staff have removed it."""
    field = current_fields().get(requirement.field_id)
    if field is None or field.type != requirement.type:
        raise ForbiddenStep("This step is no longer required.")
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


def move(requirement: Requirement, status: Requirement.Status) -> None:
    """Change the status of a locked requirement. Raises ForbiddenStep if that is not allowed."""
    if status not in TRANSITIONS[requirement.status]:
        raise ForbiddenStep(
            f"{requirement.field_id} is {requirement.status} and cannot become {status}."
        )
    requirement.status = status
    requirement.modified = timezone.now()
