"""Connects requirements with the handling of Messages: submissions by API, decisions by staff."""

from registration.fields.types import FieldType
from registration.models import Message
from registration.models.onboarding import Requirement
from registration.services.message_handlers import (
    Actor,
    Options,
    Outcome,
    RequestHandler,
    request_handlers,
    submission_listeners,
)
from registration.services.messages_attachments import chunks_of
from registration.services.onboarding import (
    ForbiddenStep,
    approve_requirement,
    production_client_uri,
    receipt_links,
    reject_requirement,
    release,
    requirement_of,
)
from registration.services.onboarding_flows import hand_in_pdf_message
from registration.services.reviews_production import HANDLER as PRODUCTION

REQUESTS = ("pdf_form_request", "online_form_request", "payment_request")
PDF_TYPE = "application/pdf"


def take_submission(request: Message, submission: Message) -> None:
    """Take the PDF file, or the link to one, with which a party answers (decision 28).

    Raises InvalidRequest for an answer to a pdf_form_request without either.
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
    """Approve what a Message asked for; a payment is answered with its receipt (6.3)."""
    requirement = requirement_of(request)
    if requirement is None:
        return Outcome(description="Accepted.")
    approve_requirement(requirement=requirement, answers=False, by=by)
    return Outcome(description="Accepted.", **receipt_links(requirement))


def reject_message(request: Message, reason: str, by: Actor) -> None:
    """Refuse what a Message asked for."""
    requirement = requirement_of(request)
    if requirement is not None:
        reject_requirement(requirement=requirement, reason=reason, answers=False, by=by)


def with_reviews(inner: RequestHandler) -> RequestHandler:
    """Return a handler of production requests that also knows the reviews of registrations.

    A review that the server opened ends with the production Client, so everything else that its
    scopes need must be there; `inner` handles the requests of Clients.
    """

    def approve(request: Message, options: Options, by: Actor) -> Outcome:
        requirement = requirement_of(request)
        if requirement is None or requirement.type != FieldType.INTERNAL_REVIEW:
            return inner.approve(request, options, by)
        return _approve_review(requirement, by)

    def reject(request: Message, reason: str, by: Actor) -> None:
        reject_message(request, reason, by)
        inner.reject(request, reason, by)

    return RequestHandler(
        approve=approve, reject=reject, check=inner.check, option_help=inner.option_help
    )


def _approve_review(requirement: Requirement, by: Actor) -> Outcome:
    if requirement.status == Requirement.Status.COMPLETE:
        # Passed before the rest was there, or while the sandbox Client was disabled.
        release(requirement.registration, note="", unanswered=requirement, by=by)
    else:
        approve_requirement(requirement=requirement, answers=False, by=by)
    uri = production_client_uri(requirement)
    if not uri:
        unmet = Requirement.objects.of(requirement.registration).unmet()
        missing = ", ".join(unmet.values_list("field_id", flat=True))
        if not missing:
            raise ForbiddenStep("The sandbox Client is disabled; it has to be enabled first.")
        raise ForbiddenStep(f"Other requirements are missing: {missing}. Approve those first.")
    return Outcome(description="The review is complete.", related_type="client", related_uri=uri)


def register() -> None:
    """Plug in: called once, when the app is ready."""
    submission_listeners.register("onboarding", take_submission)
    request_handlers.register("production_request", with_reviews(PRODUCTION))
    for name in REQUESTS:
        request_handlers.register(
            name, RequestHandler(approve=approve_message, reject=reject_message)
        )
