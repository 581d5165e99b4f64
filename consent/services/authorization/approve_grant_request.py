"""Grants that staff create because a third party asked for them by Message (CDS-WG1-02 6.9).

The utility vouches that the customer agreed elsewhere, for example on the signed letter that came
as an attachment. Staff name the customer; the customer gets a receipt and can stop the sharing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast

from django.utils import timezone

from consent.catalogue.details import (
    RequestedAccess,
    parse_request,
)
from consent.customer_accounts import catalog
from consent.models import Grant
from consent.services.authorization.grant_terms import grant_terms
from consent.services.grants.lifecycle import create_grant, lock_person
from consent.services.receipts import ReceiptFacts, SharedSection, issue_receipt
from consent.services.sections.choices import (
    Section,
    SectionChoice,
    group_sections,
    preselections_of,
)
from portal.models import User
from portal.values.times import utility_zone
from registration import urls_of
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import fields, scope_types
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.catalogue.offers import offers_for
from registration.services.messages.handlers import (
    STAYS,
    Actor,
    Case,
    Options,
    Outcome,
    RequestHandler,
    request_handlers,
)

FIELD = "grants_requested"


def register() -> None:
    """Plug in: called when the app is ready, safe to call again."""
    if request_handlers.get("grant_request") is None:
        request_handlers.register("grant_request", HANDLER)


def check_grant_request(request: Message) -> None:
    """Refuse what nobody could approve. Raises InvalidRequest."""
    client = _client(request)
    if not client.is_enabled:
        raise InvalidRequest("related_uri: this Client is disabled.", field="related_uri")
    for item in request.grants_requested:
        _accesses(item, offers_for(client))


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantWish:
    """One Grant that a request asks for (CDS-WG1-02 6.6)."""

    scope: str
    authorization_details: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRequestCase(Case):
    """The Grants that a third party asks for, and the Client that is to get them."""

    client_id: str = field(default="", metadata=STAYS)
    grants: tuple[GrantWish, ...] = field(default=(), metadata=STAYS)


def grant_request_case(request: Message) -> GrantRequestCase:
    """Return what a decision about a grant request rests on."""
    return GrantRequestCase(
        client_id=request.client.client_id if request.client else "",
        grants=tuple(
            GrantWish(scope=str(item["scope"]), authorization_details=item["authorization_details"])
            for item in request.grants_requested
        ),
    )


def approve_grant_request(request: Message, options: Options, by: Actor) -> Outcome:
    """Create one Grant for each entry of the request, for the customer that staff name.

    `options["customer"]` is the customer's sign-in address. Where the entry preselects services,
    these are shared, else all that the customer has. Raises InvalidRequest when there is no such
    customer, or nothing of theirs fits.
    """
    client = _client(request)
    if not client.is_enabled:
        raise InvalidRequest("The Client of this request is disabled.", field="related_uri")
    customer = _customer(str(options.get("customer", "")), client)
    offers = offers_for(client)
    now = timezone.now()
    made = [
        _create(client, customer, _accesses(item, offers), offers, now=now, by=by)
        for item in request.grants_requested
    ]
    ids = "%20".join(grant.grant_id for grant in made)
    return Outcome(
        description=f"Approved: {len(made)} Grants were created.",
        related_type="grant_list",
        related_uri=f"{urls_of.portal_url('/cds-api/v1/grants')}?grant_ids={ids}",
    )


def _client(request: Message) -> Client:
    if request.client is None:
        raise InvalidRequest("This request names no Client.", field="related_uri")
    client: Client = request.client
    return client


def _customer(email: str, client: Client) -> User:
    """Return who agreed; what this person holds stands still from here on."""
    found = User.objects.filter(email__iexact=email).first() if email else None
    if found is None:
        raise InvalidRequest("Name the customer who agreed, by sign-in address.", field="customer")
    lock_person(found.pk)
    if not catalog().can_authorize(found, environment=client.environment):
        raise InvalidRequest(
            f"This customer has no accounts in the {client.environment} environment.",
            field="customer",
        )
    return found


def _accesses(
    item: Mapping[str, Any], offers: Mapping[str, ScopeOffer]
) -> tuple[RequestedAccess, ...]:
    """Read one entry of the request; only what a customer could have authorized is for asking."""
    accesses = parse_request(str(item["scope"]).split(), item["authorization_details"], offers)
    for access in accesses:
        if not scope_types()[access.scope_type].asks_customer:
            raise InvalidRequest(
                f"{FIELD}: {access.scope_id} needs no grant request; ask for a token.", field=FIELD
            )
    return accesses


def _create(
    client: Client,
    customer: User,
    accesses: Sequence[RequestedAccess],
    offers: Mapping[str, ScopeOffer],
    *,
    now: datetime,
    by: Actor,
) -> Grant:
    shared = tuple(
        SharedSection(section, section.preset)
        for section in _sections(accesses, customer, client.environment)
    )
    terms = grant_terms(shared, order=[access.scope_id for access in accesses], now=now)
    grant = create_grant(client=client, user=customer, terms=terms, created=now, by=by)
    facts = ReceiptFacts(
        client=client, sections=shared, offers=offers, now=now, zone=utility_zone()
    )
    # Its audit row takes any actor, also a command.
    issue_receipt(grant=grant, facts=facts, by=cast(Any, by))
    return grant


def _sections(
    accesses: Sequence[RequestedAccess], customer: User, environment: str
) -> list[Section]:
    """Return the sections of the form that nobody sees, with what staff share in each."""
    sections = []
    for section in group_sections(accesses, customer, environment=environment):
        choice = _choice(section)
        if not choice.selected and not choice.later:
            raise InvalidRequest(
                f"This customer has nothing that fits {section.accesses[0].scope_id}.",
                field="customer",
            )
        # It was agreed elsewhere: nothing was asked here, and nothing can be changed.
        sections.append(
            replace(section, preset=choice, asked=(), is_modifiable=False, wants_preselection=False)
        )
    return sections


def _choice(section: Section) -> SectionChoice:
    """Share what the request names; where it names nothing, all that the customer has."""
    kind = section.selection_type
    named = preselections_of(section.accesses)
    if any(kind in fields()[name].preselects for name in named):
        return section.preset
    return SectionChoice(selected=section.available_ids)


HANDLER = RequestHandler(
    approve=approve_grant_request,
    check=check_grant_request,
    case=grant_request_case,
    option_help="customer=ADDRESS: the sign-in address of the customer who agreed",
)
