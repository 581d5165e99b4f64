"""Grants that staff create because a third party asked for them by Message (CDS-WG1-02 6.9).

The utility vouches that the customer agreed elsewhere, for example on the signed letter that came
as an attachment. Staff name the customer; the customer gets a receipt and can stop the sharing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from django.utils import timezone

from consent.catalogue.details import (
    RequestedAccess,
    parse_request,
    resolve,
    selection_groups,
    to_wire,
    without_preselections,
)
from consent.catalogue.selection import SelectionType
from consent.customer_accounts import Selectable, catalog
from consent.models import Grant
from consent.services.grants.lifecycle import SelectionInput, create_grant, lock_person
from consent.services.receipts import ReceiptFacts, SharedSection, issue_receipt
from consent.services.sections.choices import SectionChoice
from consent.services.sections.may_choose import Section, preset
from portal.models import User
from portal.values.durations import INFINITE
from portal.values.times import parse_datetime, utility_zone
from registration import urls_of
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import FieldCategory, fields, scope_types
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.services.catalogue.offers import offers_for
from registration.services.messages.handlers import (
    Actor,
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
    zone = utility_zone()
    sections = _sections(accesses, customer, client.environment)
    kinds = {id(access): section for section in sections for access in section.accesses}
    entries: list[dict[str, Any]] = []
    selections: list[SelectionInput] = []
    for access in accesses:
        section = kinds[id(access)]
        absolute = access.with_values(resolve(access, now=now, zone=zone))
        selections.append(
            SelectionInput(
                entry=len(entries),
                scope_id=access.scope_id,
                selection_type=section.selection_type,
                object_ids=tuple(sorted(section.preset.selected)),
                include_future=section.preset.later,
            )
        )
        entries.append(without_preselections(to_wire(absolute), scope_types()[access.scope_type]))
    grant = create_grant(
        client=client,
        user=customer,
        authorization_details=entries,
        scope=" ".join(dict.fromkeys(access.scope_id for access in accesses)),
        selections=selections,
        expires=_expiry(entries),
        created=now,
        by=by,
    )
    shared = tuple(SharedSection(section, section.preset) for section in sections)
    facts = ReceiptFacts(client=client, sections=shared, offers=offers, now=now, zone=zone)
    # Its audit row takes any actor, also a command.
    issue_receipt(grant=grant, facts=facts, by=cast(Any, by))
    return grant


def _sections(
    accesses: Sequence[RequestedAccess], customer: User, environment: str
) -> list[Section]:
    sections = []
    for index, group in enumerate(selection_groups(accesses)):
        kind = group[0].selection_type or SelectionType.SERVICE_CONTRACT.value
        rows = catalog().selectables(customer, kind, environment=environment)
        preselections = {k: v for access in group for k, v in _preselections(access).items()}
        choice = _choice(rows, preselections, kind)
        if not choice.selected and not choice.later:
            raise InvalidRequest(
                f"This customer has nothing that fits {group[0].scope_id}.", field="customer"
            )
        sections.append(
            Section(
                index=index,
                accesses=group,
                selection_type=kind,
                rows=rows,
                preset=choice,
                asked=(),
                is_modifiable=False,
                wants_preselection=False,
                purpose_id=next((access.values.get("purpose") for access in group), None),
            )
        )
    return sections


def _choice(
    rows: Sequence[Selectable], preselections: Mapping[str, tuple[str, ...]], kind: str
) -> SectionChoice:
    """Share what the request names; where it names nothing, all that the customer has."""
    if any(kind in fields()[name].preselects for name in preselections):
        return preset(rows, preselections, kind)
    return SectionChoice(selected=frozenset(r.id for r in rows if not r.unavailable_reason))


def _preselections(access: RequestedAccess) -> dict[str, tuple[str, ...]]:
    declared = fields()
    return {
        name: tuple(value)
        for name, value in access.values.items()
        if value is not None
        and name in declared
        and declared[name].category is FieldCategory.PRESELECTION
    }


def _expiry(entries: Sequence[Mapping[str, Any]]) -> datetime | None:
    """Return the earliest end among the entries that have one (CDS-WG3-01 7.3.8)."""
    ends = [str(entry.get("expires", INFINITE)) for entry in entries]
    return min((parse_datetime(end) for end in ends if end != INFINITE), default=None)


HANDLER = RequestHandler(
    approve=approve_grant_request,
    check=check_grant_request,
    option_help="customer=ADDRESS: the sign-in address of the customer who agreed",
)
