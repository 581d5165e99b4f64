"""Production requests: from a sandbox Client to a Client that can ask real customers (6.9)."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from portal.models import User
from registration import urls_of
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.models.onboarding import Requirement
from registration.services.clients.create_production import (
    create_production_client,
    scopes_in_production,
)
from registration.services.locks import lock_client
from registration.services.messages.handlers import Case, Options, Outcome, RequestHandler
from registration.services.reviews.case import ClientFacts, client_facts, file_facts


def check_production_request(request: Message) -> None:
    """6.9: it must name an enabled sandbox Client with a scope that is not in production yet.

    A Client can have only one pending request. Raises InvalidRequest.
    """
    client = request.client
    if client is None or Client.Status.SANDBOX not in client.cds_status_options:
        raise InvalidRequest(
            "related_uri must be the cds_client_uri of one of your sandbox Clients.",
            field="related_uri",
        )
    if not client.is_enabled:
        raise InvalidRequest(
            "related_uri: this Client is disabled; enable it first.", field="related_uri"
        )
    live = scopes_in_production(client.registration)
    if set(client.scopes) <= live.keys():
        raise InvalidRequest(f"related_uri: {_live_text(client, live)}", field="related_uri")
    waiting = Message.objects.filter(type="production_request", status="pending", client=client)
    if waiting.exists():
        raise InvalidRequest(
            "related_uri: a production request for this Client is already pending.",
            field="related_uri",
        )


def approve_production_request(request: Message, options: Options, by: User | str) -> Outcome:
    """Create the production counterpart of the sandbox Client, with a Credential if it uses one.

    Scopes whose registration requirements are not met are left out (3.4), and so are scopes that
    are already in production; if all of them are, the answer links to the Client that has them
    (6.3). Raises InvalidRequest if there is nothing to create or to link to, or if the sandbox
    Client has been disabled.
    """
    if request.client is None:
        raise InvalidRequest("This request does not name a Client.", field="related_uri")
    sandbox = lock_client(request.client)
    if not sandbox.is_enabled or sandbox.environment != Client.Status.SANDBOX:
        raise InvalidRequest("The sandbox Client of this request is disabled.", field="related_uri")
    live = scopes_in_production(sandbox.registration)
    requirements = Requirement.objects.of(sandbox.registration)
    held_back = requirements.held_back()
    ready = [scope for scope in sandbox.scopes if scope not in held_back]
    made = create_production_client(sandbox=sandbox, scopes=ready, by=by)
    if made is not None:
        text = _approval_text(made, held_back=_of(sandbox, held_back), live=_of(sandbox, live))
        return _outcome(text, made)
    if set(sandbox.scopes) <= live.keys():
        return _outcome(_live_text(sandbox, live), live[sandbox.scopes[0]])
    missing = ", ".join(requirements.unmet().order_by("pk").values_list("field_id", flat=True))
    raise InvalidRequest(
        f"These requirements have to be met first: {missing}."
        if missing
        else "Its scopes are no longer offered."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionCase(Case):
    """The sandbox Clients to put into production, their owner, and what is missing.

    `submitted` are the registration fields by id, `missing` the ids of unmet steps.
    """

    clients: tuple[ClientFacts, ...] = ()
    submitted: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def production_case(request: Message) -> ProductionCase:
    """Return the facts for a decision about production.

    A request is for one Client; a review of the registration is for all Clients with its scopes.
    """
    if request.client is None:
        return ProductionCase()
    registration = request.registration
    requirements = Requirement.objects.of(registration)
    reviewed = {scope for each in requirements.filter(message=request) for scope in each.scopes}
    missing = requirements.unmet().exclude(message=request).order_by("pk")
    sandboxes = Client.objects.of(registration).filter(
        Q(pk=request.client.pk) | Q(scopes__overlap=sorted(reviewed)),
        cds_status_options__contains=[Client.Status.SANDBOX],
    )
    return ProductionCase(
        clients=tuple(client_facts(client) for client in sandboxes.order_by("pk")),
        submitted=registration.fields,
        files=file_facts(registration.files.order_by("pk")),
        missing=tuple(each.field_id for each in missing),
    )


def _of(sandbox: Client, scopes: Container[str]) -> list[str]:
    return [scope for scope in sandbox.scopes if scope in scopes]


def _outcome(text: str, client: Client) -> Outcome:
    uri = urls_of.client_uri(client.client_id)
    return Outcome(description=text, related_type="client", related_uri=uri)


def _approval_text(made: Client, *, held_back: Sequence[str], live: Sequence[str]) -> str:
    text = (
        f"Production access is approved. The new Client {made.client_id} has its own "
        "credentials; the sandbox Client keeps working with test accounts."
    )
    if held_back:
        text += (
            f" It does not have {', '.join(held_back)}, because their requirements are not met yet."
        )
    if live:
        text += f" It does not have {', '.join(live)}, because another production Client has them."
    return text


def _live_text(sandbox: Client, live: Mapping[str, Client]) -> str:
    """Name the Clients that have the scopes, so that nobody looks for a new one."""
    uris = sorted({urls_of.client_uri(live[scope].client_id) for scope in sandbox.scopes})
    return f"All scopes of this Client are already in production: {', '.join(uris)}"


HANDLER = RequestHandler(
    approve=approve_production_request, check=check_production_request, case=production_case
)
