"""Giving a Grant that waits for its customer what was approved (CDS-WG1-02 8.3, decision 58)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from consent.catalogue.access import earliest, resolution_of
from consent.models import Grant, Selection
from consent.services.grants.lifecycle import (
    ForbiddenTransition,
    GrantTerms,
    SelectionInput,
    as_input,
    begin,
    forget_question,
    lock_grant,
    open_more,
    record_change,
    save_grant,
    store_selections,
    with_state,
)
from portal.models import User
from registration.services.catalogue.offers import current_offers

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approved:
    """What a customer approved of what a request asked for; the rest of `asked` is declined."""

    asked: frozenset[str]
    scope_ids: frozenset[str]
    terms: GrantTerms


@transaction.atomic
def authorize_grant(
    *,
    grant: Grant,
    user: User,
    terms: GrantTerms,
    asked: Collection[str] | None = None,
    state: str | None = None,
    by: User | str,
) -> Grant:
    """Give a Grant what was approved of the scope ids that a request `asked` for, all by default.

    What the request did not name stays as it is: open where it was granted before, and asked for
    where it was not, so that the Grant still needs an authorization. Raises ForbiddenTransition
    when the Grant does not wait for this person and for all that is approved.
    """
    row = lock_grant(grant)
    asked = row.scope_ids if asked is None else asked
    if not is_waiting_for(row, asked) or row.user_id not in (None, user.pk):
        raise ForbiddenTransition("This Grant does not wait for an authorization.", field="status")
    approved = _Approved(
        asked=frozenset(asked),
        scope_ids=frozenset(terms.scope.split()),
        terms=terms,
    )
    question = _question_left(row, approved)
    _take_over(row, approved)
    # After what was chosen earlier has noted when.
    row.user, row.not_before, row.authorized = user, terms.not_before, timezone.now()
    row.states = with_state(row.states, state)
    if question is None:
        forget_question(row)
        begin(row)
    else:
        row.asked_scope, row.asked_authorization_details = question
        open_more(row)
    save_grant(row)
    record_change(row, "authorized", by=by, scope=row.scope, status=row.status)
    return row


def is_waiting_for(grant: Grant, scope_ids: Collection[str]) -> bool:
    """Whether a Grant waits for a customer who may decide about these scope ids."""
    return grant.status == Grant.Status.NEEDS_AUTHORIZATION and set(scope_ids) <= set(
        grant.scope_ids
    )


def granted_already(grant: Grant, asked: Collection[str]) -> list[tuple[int, Entry]]:
    """Return the numbered entries of a waiting Grant that a request about `asked` leaves open."""
    given = _given(grant)
    return [
        (number, entry)
        for number, entry in enumerate(grant.authorization_details)
        if entry["type"] in given and entry["type"] not in asked
    ]


def _given(grant: Grant) -> frozenset[str]:
    """Return the scope ids already granted; before a question that is all of them."""
    return frozenset((grant.scope if grant.is_asking else grant.enabled_scope).split())


def _question_left(row: Grant, approved: _Approved) -> tuple[str, list[Entry]] | None:
    """Return the scope and entries that are published from now on, None when nothing is asked."""
    others = {name for name in row.scope_ids if name not in approved.asked}
    left = [entry for entry in row.published_details if entry["type"] in others]
    granted = [entry for _, entry in granted_already(row, approved.asked)]
    if others <= _given(row) and left == granted:
        return None
    scope_ids = [name for name in row.scope_ids if name in others | approved.scope_ids]
    return " ".join(scope_ids), _in_order([*left, *approved.terms.authorization_details], scope_ids)


def _in_order(entries: Sequence[Entry], scope_ids: Sequence[str]) -> list[Entry]:
    return sorted(entries, key=lambda entry: scope_ids.index(entry["type"]))


def _take_over(row: Grant, approved: _Approved) -> None:
    """Store what is granted from now on: what stays, then what was approved, with its choices."""
    stays = granted_already(row, approved.asked)
    old = {selection.entry: selection for selection in row.selections.all()}
    kept = [
        replace(_with_time(old[number]), entry=place)
        for place, (number, _) in enumerate(stays)
        if number in old
    ]
    added = [replace(each, entry=each.entry + len(stays)) for each in approved.terms.selections]
    granted = _given(row) - approved.asked | approved.scope_ids
    known = {
        name: row.resolution[name] for name in (granted - approved.asked) & row.resolution.keys()
    }
    # What stays keeps the Grant's end, which may be earlier than that of each entry.
    row.expires = earliest(row.expires if stays else None, approved.terms.expires)
    row.scope = " ".join(name for name in row.scope_ids if name in granted)
    row.authorization_details = [
        *(entry for _, entry in stays),
        *approved.terms.authorization_details,
    ]
    row.resolution = resolution_of(
        row.scope, row.authorization_details, current_offers(), known=known
    )
    row.selections.all().delete()
    store_selections(row, [*kept, *added])


def _with_time(selection: Selection) -> SelectionInput:
    """Return what was chosen and when: the Grant is given again, this choice is not."""
    return replace(as_input(selection), chosen=selection.chosen or selection.grant.given)
