"""Submissions for requirements, and decisions: accept, reject, ask again (CDS-WG1-02 3.6)."""

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
    """Accept a submission: the request becomes pending, and complete unless staff review it first.

    `values` are columns to set, such as `answer` or `file`. A pending requirement can be submitted
    again; the latest submission counts. Raises ForbiddenStep once it is complete or rejected.
    """
    requirement = lock_requirement(requirement)
    if requirement.status not in {Status.OPEN, Status.PENDING}:
        raise ForbiddenStep(
            "This has already been decided. You don't need to do anything else here."
        )
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
    """Complete a requirement, however it was met, and answer its Message.

    Raises what `complete_requirement` raises.
    """
    requirement = complete_requirement(requirement=requirement, by=by)
    _answer(
        requirement, Status.COMPLETE, note or "Accepted.", by=by, links=answer_links(requirement)
    )
    return requirement


@transaction.atomic
def complete_requirement(*, requirement: Requirement, by: User | str) -> Requirement:
    """Record that a requirement is met; the caller answers its Message (3.6).

    Creates the production Clients of its scopes that have no open requirements left. Raises
    ForbiddenStep if it is complete or rejected, and for a review while other steps of its scopes
    are missing.
    """
    requirement = lock_requirement(requirement)
    if requirement.type == FieldType.INTERNAL_REVIEW:
        _require_the_rest(requirement)
    _decide(requirement, Status.COMPLETE, reason="", by=by)
    _release(requirement, by=by)
    return requirement


def _require_the_rest(review: Requirement) -> None:
    """A review has to be the last step, so that the Client that was reviewed is the one created.

    If it were approved earlier, later changes of the Client would go to production unseen with the
    last form. Several reviews of a scope can end in any order: the last one sees the final state.
    """
    unmet = Requirement.objects.of(review.registration).unmet()
    others = unmet.filter(scopes__overlap=review.scopes).exclude(type=review.type).order_by("pk")
    missing = ", ".join(others.values_list("field_id", flat=True))
    if missing:
        raise ForbiddenStep(f"Other requirements are missing: {missing}. Approve those first.")


def answer_links(requirement: Requirement) -> dict[str, str]:
    """Return the link of the answer to a met requirement (6.3)."""
    if requirement.type == FieldType.INTERNAL_REVIEW:
        return production_links(requirement.registration, requirement.scopes)
    return receipt_links(requirement)


@transaction.atomic
def reject_requirement(
    *, requirement: Requirement, reason: str, is_told: bool = True, by: User | str
) -> Requirement:
    """Reject it, and answer its Message with the reason, emailed if `is_told` (CDS-WG1-02 6.3).

    Raises what `refuse_requirement` raises.
    """
    requirement = refuse_requirement(requirement=requirement, reason=reason, by=by)
    _answer(requirement, Status.REJECTED, reason, is_told=is_told, by=by)
    return requirement


@transaction.atomic
def refuse_requirement(*, requirement: Requirement, reason: str, by: User | str) -> Requirement:
    """Record that a requirement is rejected; the caller answers its Message.

    Raises ForbiddenStep if it has been decided, and without a reason.
    """
    requirement = lock_requirement(requirement)
    _decide(requirement, Status.REJECTED, reason=reason, by=by)
    return requirement


@transaction.atomic
def fail_requirement(*, requirement: Requirement, reason: str, by: User | str) -> Requirement:
    """Record that a submission could not be processed; it can be tried again (6.3 `errored`).

    Raises ForbiddenStep if it is not pending.
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

    Raises ForbiddenStep if it is not rejected.
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
        raise ForbiddenStep("A rejection needs a reason.")
    move(requirement, status)
    requirement.decided, requirement.reason = requirement.modified, reason
    if requirement.type == FieldType.PAYMENT_REQUIRED:
        _close_payments(requirement)
    requirement.save()
    record(requirement, status.value, by=by)


def _close_payments(requirement: Requirement) -> None:
    """Settle the payments of a decided fee: a received one pays it, open checkouts are closed.

    This is stored here rather than on the payment, which would have to be locked first.
    """
    payments = Payment.objects.of(requirement)
    if requirement.status == Status.COMPLETE:
        requirement.paid_by = payments.arrived().order_by("pk").first()
    if payments.unfinished().exists():
        enqueue(END_CHECKOUTS_TASK, requirement.pk)


def _release(requirement: Requirement, *, by: User | str) -> None:
    """Create the production Clients of those scopes of a requirement that now have everything.

    Scopes of other requirements are left out: those that were ready earlier and got no Client need
    a production request, which shows staff the current sandbox Client.
    """
    held_back = Requirement.objects.of(requirement.registration).held_back()
    ready = [scope for scope in requirement.scopes if scope not in held_back]
    if ready:
        create_production_clients(registration=requirement.registration, scopes=ready, by=by)
