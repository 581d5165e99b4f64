"""Grants that no customer gave: what a Client wants beyond them, the utility decides (8.6).

Such Grants hold files or direct access. The wish is checked at once, then the Grant is `pending`
and keeps all it gives, until staff approve or reject the field_changes Message about it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from consent import customer_accounts
from consent.catalogue.access import first_end, resolution_of
from consent.catalogue.details import InvalidAuthorizationDetails
from consent.models import Grant
from consent.services.grants.lifecycle import (
    REVIEW_TIME,
    ForbiddenTransition,
    apply_status,
    end_grant,
    forget_question,
    grant_uri,
    lock_grant,
    open_fully,
    record_change,
    save_grant,
)
from consent.services.grants.review_messages import close_review, open_review
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import ScopeKind
from registration.errors import InvalidRequest
from registration.models import Client, Message
from registration.models.files import ServerProvidedFile
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

Status = Grant.Status
KEY = "field_changes:grant"

# What a wish can be about; limits, suspensions and future starts are the utility's own.
_REVIEWABLE = frozenset(
    {Status.ACTIVE, Status.PENDING, Status.DELAYED, Status.STOPPED, Status.ERRORED}
)
_UTILITY_GIVES = frozenset({ScopeKind.SERVER_GRANTED, ScopeKind.DIRECT_ACCESS})


def register() -> None:
    """Plug in: called when the app is ready, safe to call again."""
    if request_handlers.get(KEY) is None:
        request_handlers.register(KEY, HANDLER)


def is_given_by_utility(grant: Grant) -> bool:
    """Whether no customer gave this Grant, nor is waited for."""
    return grant.user_id is None and grant.status != Status.NEEDS_AUTHORIZATION


def utility_offers(client: Client) -> dict[str, ScopeOffer]:
    """Return what the utility may give a Client without a customer, by scope id."""
    return {
        scope_id: offer
        for scope_id, offer in offers_for(client).items()
        if offer.scope_type.kind in _UTILITY_GIVES
    }


def ask_utility(row: Grant, *, scope: str, entries: list[dict[str, Any]], by: str) -> None:
    """Let the utility review a wish of the Client for a locked Grant (CDS-WG1-02 8.6).

    A newer wish takes the place of an older one. The caller reduces the Grant to what is still
    wanted of it, and saves the row. Raises ForbiddenTransition when the utility limits or suspends
    the Grant, InvalidAuthorizationDetails when an entry names no file of this party.
    """
    if row.status not in _REVIEWABLE:
        raise ForbiddenTransition(
            f"A Grant that is {row.status} can only be reduced.", field="scope"
        )
    _check_files(row.client, entries)
    back_to = row.reviewed_from or (Status.ACTIVE if row.status == Status.PENDING else row.status)
    close_review(row, why="A newer change of this Grant takes its place.", by=by)
    if row.status != Status.PENDING:
        apply_status(row, Status.PENDING)
    row.eta = timezone.now() + REVIEW_TIME
    changes = {
        "scope": (row.scope, scope),
        "authorization_details": (row.authorization_details, entries),
    }
    row.review = open_review(
        row,
        changes={name: both for name, both in changes.items() if both[0] != both[1]},
        uri=grant_uri(row.grant_id),
        by=by,
    )
    row.reviewed_from = back_to
    row.asked_scope, row.asked_authorization_details = scope, entries


def take_wish_back(row: Grant, *, by: str) -> None:
    """The Client wants no more than it has: a locked Grant is what it was. The caller saves it."""
    back_to = row.reviewed_from
    close_review(row, why="The client took this change back.", by=by)
    forget_question(row)
    _go_back(row, back_to)


def approve_wish(request: Message, options: Options, by: Actor) -> Outcome:
    """Give the Grant what its Client asked for. Raises InvalidRequest if it no longer can."""
    row = _under_review(request)
    scope, entries = row.asked_scope, row.asked_authorization_details or []
    offers = utility_offers(row.client)
    _check_still_offered(row, scope, entries, offers)
    row.resolution = resolution_of(scope, entries, offers, row.resolution)
    row.scope, row.authorization_details = scope, entries
    # Files and direct access have no `expires` of their own: such a Grant keeps its end.
    if any("expires" in entry for entry in entries):
        row.expires = first_end(entries)
    _decided(row)
    record_change(row, "widened", by=by, scope=scope)
    return Outcome(
        description=f"The changes of the Grant {row.grant_id} are approved and in effect.",
        related_type="grant",
        related_uri=grant_uri(row.grant_id),
    )


def reject_wish(request: Message, reason: str, by: Actor) -> None:
    """Leave the Grant with what it gives.

    A Client that gave up everything it had for what is now refused has closed the Grant.
    """
    row = _under_review(request)
    _decided(row)
    record_change(row, "widening_rejected", by=by, reason=reason)
    if not row.scope:
        end_grant(grant=row, status=Status.CLOSED, reason="closed by the client", by=by)


def _under_review(request: Message) -> Grant:
    grant = Grant.objects.select_related("review").filter(review=request).first()
    if grant is None:
        raise InvalidRequest("No Grant waits for this decision.", field="related_uri")
    return lock_grant(grant)


@transaction.atomic
def _decided(row: Grant) -> None:
    back_to = row.reviewed_from
    row.review, row.reviewed_from = None, ""
    forget_question(row)
    _go_back(row, back_to)
    if row.status == Status.SUSPENDED:
        # Resumed, it is again what it was before the review.
        row.suspended_from = {"status": back_to, "scope": row.scope}
    row.save()
    if not row.is_administrative and row.status not in Grant.WITHOUT_ACCESS:
        customer_accounts.listener().grant_approved(row)
    save_grant(row)


def _go_back(row: Grant, status: str) -> None:
    if row.status == Status.PENDING:
        apply_status(row, status)
        open_fully(row)


def _check_still_offered(
    row: Grant, scope: str, entries: Iterable[Mapping[str, Any]], offers: Mapping[str, ScopeOffer]
) -> None:
    """Between the wish and the decision the Client, its scopes and the offers may have changed."""
    if not row.client.is_enabled:
        raise InvalidRequest("The Client of this Grant is disabled.", field="related_uri")
    for scope_id in scope.split():
        if scope_id not in offers and scope_id not in row.scope.split():
            raise InvalidRequest(f"{scope_id} is no longer offered to this Client.", field="scope")
    _check_files(row.client, entries)


def _check_files(client: Client, entries: Iterable[Mapping[str, Any]]) -> None:
    """Files of other parties do not exist here."""
    wanted = {entry["file_id"] for entry in entries if "file_id" in entry}
    own = ServerProvidedFile.objects.filter(registration=client.registration, file_id__in=wanted)
    if wanted - set(own.values_list("file_id", flat=True)):
        raise InvalidAuthorizationDetails("file_id names no file for you.", field="file_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChanges(Case):
    """A wish of a Client beyond its Grant: `updates` holds scope and entries, old and new."""

    grant_id: str = field(default="", metadata=STAYS)
    client_id: str = field(default="", metadata=STAYS)


def changes_case(request: Message) -> GrantChanges:
    """Return what a decision about a Grant's changes rests on."""
    grant = Grant.objects.filter(review=request).first()
    return GrantChanges(
        grant_id=grant.grant_id if grant else "",
        client_id=request.client.client_id if request.client else "",
    )


HANDLER = RequestHandler(approve=approve_wish, reject=reject_wish, case=changes_case)
