"""What was handed in, and decisions about it: accept, refuse, ask again (CDS-WG1-02 3.6)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal.audit import SYSTEM
from portal.background.outbox import enqueue
from portal.models import User
from registration.fields.types import FieldType
from registration.models import Payment
from registration.models.message_states import ERRORED
from registration.models.onboarding import Requirement
from registration.services.clients.create_production import (
    create_production_clients,
    production_links,
)
from registration.services.locks import lock_requirement
from registration.services.onboarding.requirements import (
    ForbiddenStep,
    Status,
    field_of,
    move,
    receipt_links,
    record,
)
from registration.services.onboarding.start import ask
from registration.services.reviews.answer import answer_request

END_CHECKOUTS_TASK = "registration.tasks.end_checkouts"


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
    _answer(requirement, Status.PENDING, "We have received this.", by=by)
    record(requirement, "submitted", by=by)
    if not field_of(requirement).waits_for_staff:
        return approve_requirement(requirement=requirement, by=SYSTEM)
    return requirement


@transaction.atomic
def approve_requirement(*, requirement: Requirement, note: str = "", by: User | str) -> Requirement:
    """Accept what was asked for, whatever the way in which it was met, and answer its Message.

    Raises what `complete_requirement` raises.
    """
    requirement = complete_requirement(requirement=requirement, by=by)
    _answer(
        requirement, Status.COMPLETE, note or "Accepted.", by=by, links=answer_links(requirement)
    )
    return requirement


@transaction.atomic
def complete_requirement(*, requirement: Requirement, by: User | str) -> Requirement:
    """Note that a requirement is met; the decision about its Message answers that (3.6).

    Makes the production Clients of its scopes for which nothing is missing any more. Raises
    ForbiddenStep for one that is complete or rejected, and for a review while other steps of its
    scopes are missing.
    """
    requirement = lock_requirement(requirement)
    if requirement.type == FieldType.INTERNAL_REVIEW:
        _require_the_rest(requirement)
    _decide(requirement, Status.COMPLETE, reason="", by=by)
    _release(requirement, by=by)
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


@transaction.atomic
def reject_requirement(
    *, requirement: Requirement, reason: str, is_told: bool = True, by: User | str
) -> Requirement:
    """Refuse, and answer its Message with the reason, by mail too if `is_told` (CDS-WG1-02 6.3).

    Raises what `refuse_requirement` raises.
    """
    requirement = refuse_requirement(requirement=requirement, reason=reason, by=by)
    _answer(requirement, Status.REJECTED, reason, is_told=is_told, by=by)
    return requirement


@transaction.atomic
def refuse_requirement(*, requirement: Requirement, reason: str, by: User | str) -> Requirement:
    """Note that a requirement is refused; the decision about its Message answers that.

    Raises ForbiddenStep for one that is decided, and without a reason.
    """
    requirement = lock_requirement(requirement)
    _decide(requirement, Status.REJECTED, reason=reason, by=by)
    return requirement


@transaction.atomic
def fail_requirement(*, requirement: Requirement, reason: str, by: User | str) -> Requirement:
    """Say that what was handed in could not be processed; it can be tried again (6.3 `errored`).

    Raises ForbiddenStep for one that is not pending.
    """
    requirement = lock_requirement(requirement)
    move(requirement, Status.OPEN)
    requirement.save(update_fields=["status", "modified"])
    _answer(requirement, ERRORED, reason, by=by)
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
    move(requirement, Status.PENDING if is_review else Status.OPEN)
    requirement.decided, requirement.reason = None, ""
    requirement.save()
    ask(requirement, field, by=by)
    record(requirement, "reopened", by=by)
    return requirement


def _answer(
    requirement: Requirement,
    status: str,
    description: str,
    *,
    is_told: bool = True,
    links: Mapping[str, Any] = MappingProxyType({}),
    by: User | str,
) -> None:
    if requirement.message is not None:
        answer_request(
            message=requirement.message,
            status=status,
            description=description,
            is_told=is_told,
            by=by,
            **links,
        )


def _decide(
    requirement: Requirement, status: Requirement.Status, *, reason: str, by: User | str
) -> None:
    if status == Status.REJECTED and not reason.strip():
        raise ForbiddenStep("Say why: a rejection needs a reason.")
    move(requirement, status)
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


def _release(requirement: Requirement, *, by: User | str) -> None:
    """Make the production Clients of those scopes of a requirement that have everything now.

    Scopes of others stay out: what was ready earlier and got no Client waits for a production
    request, which shows staff what the sandbox Client says by then.
    """
    held_back = Requirement.objects.of(requirement.registration).held_back()
    ready = [scope for scope in requirement.scopes if scope not in held_back]
    if ready:
        create_production_clients(registration=requirement.registration, scopes=ready, by=by)
