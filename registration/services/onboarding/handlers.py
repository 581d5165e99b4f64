"""Connects requirements to the handling of Messages: submissions by API, decisions by staff."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registration.fields.types import FieldType
from registration.models import Message
from registration.models.onboarding import Requirement
from registration.services.messages.attachments import chunks_of
from registration.services.messages.handlers import (
    STAYS,
    Actor,
    Case,
    Options,
    Outcome,
    RequestHandler,
    request_handlers,
    submission_listeners,
)
from registration.services.onboarding.decide import (
    answer_links,
    complete_requirement,
    refuse_requirement,
)
from registration.services.onboarding.requirements import ForbiddenStep, requirement_of
from registration.services.onboarding.steps import hand_in_pdf_message
from registration.services.reviews.case import file_facts
from registration.services.reviews.production import HANDLER as PRODUCTION

REQUESTS = ("pdf_form_request", "online_form_request", "payment_request")
PDF_TYPE = "application/pdf"


def take_submission(request: Message, submission: Message) -> None:
    """Accept the PDF file, or the link to one, that a party answers with (decision 28).

    Raises InvalidRequest for an answer to a pdf_form_request that has neither.
    """
    file = submission.attachments.filter(content_type=PDF_TYPE).first()
    links = [str(item["uri"]) for item in submission.updates_requested if item.get("uri")]
    hand_in_pdf_message(
        request=request,
        content=b"".join(chunks_of(file)) if file else None,
        uri=links[0] if links else "",
        by=f"client:{submission.creator}",
    )


def approve_message(request: Message, options: Options, by: Actor) -> Outcome:
    """Approve the requirement of a Message; a payment is answered with its receipt (6.3)."""
    requirement = requirement_of(request)
    if requirement is None:
        return Outcome(description="Accepted.")
    complete_requirement(requirement=requirement, by=by)
    return Outcome(description="Accepted.", **answer_links(requirement))


def reject_message(request: Message, reason: str, by: Actor) -> None:
    """Reject the requirement of a Message."""
    requirement = requirement_of(request)
    if requirement is not None:
        refuse_requirement(requirement=requirement, reason=reason, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionCase(Case):
    """The submission for a step; `step` is the id of its registration field.

    Staff find a fee in the bank account by its `reference`.
    """

    step: str = field(default="", metadata=STAYS)
    reference: str = field(default="", metadata=STAYS)
    answer: Mapping[str, Any] = field(default_factory=dict)
    customer: str = ""


def submission_case(request: Message) -> Case:
    """Return the facts for a decision about a step."""
    requirement = requirement_of(request)
    if requirement is None:
        return Case()
    if requirement.type == FieldType.PAYMENT_REQUIRED:
        return SubmissionCase(step=requirement.field_id, reference=requirement.reference)
    return SubmissionCase(
        step=requirement.field_id,
        answer=requirement.answer,
        customer=requirement.customer.email if requirement.customer else "",
        files=file_facts([requirement.file] if requirement.file else []),
    )


def with_reviews(inner: RequestHandler) -> RequestHandler:
    """Return a handler of production requests that also handles the reviews of registrations.

    A review that the server opened ends with the production Client, so everything else that its
    scopes need must be complete; `inner` handles the requests of Clients.
    """

    def approve(request: Message, options: Options, by: Actor) -> Outcome:
        reviews = _reviews(request)
        if not reviews:
            return inner.approve(request, options, by)
        for review in reviews:
            complete_requirement(requirement=review, by=by)
        links = next(filter(None, map(answer_links, reviews)), None)
        if links is None:
            raise ForbiddenStep(
                "A production Client cannot be created: the sandbox Client is disabled and has "
                "to be enabled first, or its scopes are no longer offered."
            )
        return Outcome(description="The review is complete.", **links)

    def reject(request: Message, reason: str, by: Actor) -> None:
        for review in _reviews(request):
            refuse_requirement(requirement=review, reason=reason, by=by)
        inner.reject(request, reason, by)

    return RequestHandler(
        approve=approve,
        reject=reject,
        check=inner.check,
        case=inner.case,
        option_help=inner.option_help,
    )


def _reviews(request: Message) -> list[Requirement]:
    """Return the reviews that wait behind a Message: all those of one Client share it."""
    rows = Requirement.objects.of(request.registration).unmet()
    return list(rows.filter(message=request, type=FieldType.INTERNAL_REVIEW).order_by("pk"))


def register() -> None:
    """Register the handlers: called once, when the app is ready."""
    submission_listeners.register("onboarding", take_submission)
    request_handlers.register("production_request", with_reviews(PRODUCTION))
    for name in REQUESTS:
        request_handlers.register(
            name,
            RequestHandler(approve=approve_message, reject=reject_message, case=submission_case),
        )
