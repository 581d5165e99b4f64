"""What a Client changes in its Grants by PATCH (CDS-WG1-02 8.6).

Less access needs nobody's consent and counts at once. More access waits for the customer, or for
the utility where no customer gave the Grant, while everything granted so far stays open.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from consent import customer_accounts
from consent.catalogue.access import VALUE_TYPES, first_end, meaning_of
from consent.catalogue.details import (
    MAX_ENTRIES,
    InvalidAuthorizationDetails,
    InvalidScope,
    parse_accesses,
    resolve,
    to_wire,
    without_preselections,
)
from consent.models import Grant
from consent.services.grants.compare import ChangePlan, Kept, plan_change
from consent.services.grants.lifecycle import (
    ForbiddenTransition,
    apply_status,
    as_input,
    begin,
    end_grant,
    forget_question,
    lock_grant,
    open_fully,
    record_change,
    save_grant,
    settle_parent,
    stop_if_over,
    store_selections,
)
from consent.services.grants.review import (
    ask_utility,
    is_given_by_utility,
    take_wish_back,
    utility_offers,
)
from portal.errors import DomainError
from portal.values.times import utility_zone
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import ScopeType, scope_types
from registration.models import Message
from registration.services.catalogue.offers import consent_offers, current_offers

Status = Grant.Status
Entry = Mapping[str, Any]

# These have no limits that move with the clock; they are compared across the entries as well.
_NEVER_SKIPPED = frozenset({"type", "jwk", "merge_selection_with"})


class InvalidChange(DomainError):
    """A submitted value is not one that a Client may set."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `scope` and `authorization_details` should be."""

    scope_ids: tuple[str, ...]
    entries: tuple[dict[str, Any], ...]

    @property
    def scope(self) -> str:
        return " ".join(self.scope_ids)


@dataclass(frozen=True, slots=True)
class GrantUpdate:
    """What a PATCH did: the Grant as it is now, and the review that it opened."""

    grant: Grant
    review: Message | None


@transaction.atomic
def patch_grant(*, grant: Grant, changes: Mapping[str, Any], by: str) -> GrantUpdate:
    """Apply a PATCH: `status` to `closed`, `scope`, `authorization_details`; the rest is ignored.

    Raises InvalidChange, InvalidScope and InvalidAuthorizationDetails for values that cannot be,
    ForbiddenTransition when the Grant's status does not allow the change.
    """
    row = lock_grant(grant)
    review = row.review_id
    if "status" in changes and changes["status"] != Status.CLOSED:
        raise InvalidChange("status can only be set to closed.", field="status")
    if "scope" in changes or "authorization_details" in changes:
        row = _change_access(row, changes, by=by)
    if "status" in changes:
        row = end_grant(grant=row, status=Status.CLOSED, reason="closed by the client", by=by)
    return GrantUpdate(row, None if row.review_id == review else row.review)


def _change_access(row: Grant, changes: Mapping[str, Any], *, by: str) -> Grant:
    wanted = _read_wanted(row, changes)
    if wanted == _published(row):
        return row
    if row.status in Grant.ENDED:
        raise ForbiddenTransition(f"A Grant that is {row.status} cannot be changed.", field="scope")
    if row.status == Status.NEEDS_AUTHORIZATION and not row.is_asking and not row.enabled_scope:
        # Nobody has granted anything yet, so there is nothing to compare with.
        row.scope, row.authorization_details = wanted.scope, list(wanted.entries)
        save_grant(row)
        record_change(row, "request_changed", by=by, scope=wanted.scope)
        return row
    # Compared with what is granted, not with what is published: that may be a wish still waiting.
    plan = plan_change(row.authorization_details, wanted.entries, _types(row, wanted.entries))
    granted_ids = row.scope.split()
    widens = plan.widens or any(name not in granted_ids for name in wanted.scope_ids)
    # What is wanted beyond it waits for a decision. Whoever wants nothing beyond it any longer has
    # taken an earlier wish back, whether the utility or the customer was to decide about it.
    if widens:
        _ask(row, wanted, by=by)
    elif row.is_under_review:
        take_wish_back(row, by=by)
    else:
        forget_question(row)
    # What is given up goes at once, in both cases.
    _keep(row, wanted, plan)
    if row.status == Status.NEEDS_AUTHORIZATION and not row.is_asking:
        # The question is gone, so the Grant no longer waits for its customer and opens again.
        begin(row)
    elif not row.is_administrative and row.status not in Grant.WITHOUT_ACCESS:
        # Stored first: the listener computes access from the row. Less access may have had its
        # last new data already.
        row.save()
        customer_accounts.listener().grant_approved(row)
        stop_if_over(row)
    save_grant(row)
    settle_parent(row)
    record_change(row, "widening_asked" if widens else "reduced", by=by, scope=wanted.scope)
    return row


def _ask(row: Grant, wanted: Wanted, *, by: str) -> None:
    """Publish what is wanted; access stays as granted until there is a decision."""
    if row.status == Status.SUSPENDED:
        # The way back from a suspension is the utility's, not a wish of the Client.
        raise ForbiddenTransition("A suspended Grant can only be reduced.", field="scope")
    if is_given_by_utility(row):
        ask_utility(row, scope=wanted.scope, entries=list(wanted.entries), by=by)
        return
    if row.status != Status.NEEDS_AUTHORIZATION:
        apply_status(row, Status.NEEDS_AUTHORIZATION)
    row.asked_scope, row.asked_authorization_details = wanted.scope, list(wanted.entries)


def _keep(row: Grant, wanted: Wanted, plan: ChangePlan) -> None:
    """Reduce what is granted to what is still wanted of it."""
    typed = {entry["type"] for entry in row.authorization_details}
    left = {kept.entry["type"] for kept in plan.kept}
    row.scope = " ".join(
        name
        for name in row.scope.split()
        if name in wanted.scope_ids and (name in left or name not in typed)
    )
    row.authorization_details = [kept.entry for kept in plan.kept]
    _keep_selections(row, plan.kept)
    # Never later than it was: an entry that ends sooner ends the Grant, one that goes does not
    # prolong it.
    row.expires = first_end(row.authorization_details, already=row.expires)
    # The enabled fields follow, but open nothing that the utility limits or that waits.
    if row.status == Status.PARTIAL:
        open_ids = set(row.enabled_scope.split()) & set(row.scope.split())
        row.enabled_scope = " ".join(name for name in row.scope.split() if name in open_ids)
        row.enabled_authorization_details = [
            entry for entry in row.authorization_details if entry["type"] in open_ids
        ]
    elif row.status not in Grant.WITHOUT_ACCESS and row.status != Status.NEEDS_SUB_GRANTS:
        open_fully(row)


def _keep_selections(row: Grant, kept: Sequence[Kept]) -> None:
    """Let each entry that stays keep what the customer chose for it, under its new number."""
    if [each.source for each in kept] == list(range(row.selections.count())):
        return
    chosen = {selection.entry: as_input(selection) for selection in row.selections.all()}
    row.selections.all().delete()
    store_selections(
        row,
        [
            replace(chosen[each.source], entry=index)
            for index, each in enumerate(kept)
            if each.source in chosen
        ],
    )


def _published(row: Grant) -> Wanted:
    return Wanted(tuple(row.scope_ids), tuple(row.published_details))


def _types(row: Grant, entries: Sequence[Entry]) -> dict[str, ScopeType]:
    """Return the scope types of entries: as they were granted, else as they are offered."""
    offers = current_offers()
    found = {}
    for name in {entry["type"] for entry in entries}:
        meaning = meaning_of(row.resolution, name)
        if name not in row.resolution and name in offers:
            found[name] = offers[name].scope_type
        elif meaning is not None:
            found[name] = meaning.scope_type
    return found


def _read_wanted(row: Grant, changes: Mapping[str, Any]) -> Wanted:
    """Return the complete new values; what the body leaves out stays as far as it can."""
    by_utility = is_given_by_utility(row)
    offers = utility_offers(row.client) if by_utility else consent_offers(row.client)
    current = _published(row)
    entries: list[dict[str, Any]] = list(current.entries)
    if "authorization_details" in changes:
        entries = _read_entries(row, changes["authorization_details"], offers)
    if "scope" in changes:
        scope_ids = _read_scope(row, changes["scope"], offers)
        if "authorization_details" in changes:
            _refuse_foreign(entries, scope_ids)
    else:
        # An entry and its scope id say the same thing: the last entry takes its scope along.
        typed, left = _scope_ids(current.entries), _scope_ids(entries)
        kept = [name for name in current.scope_ids if name in left or name not in typed]
        scope_ids = list(dict.fromkeys([*kept, *left]))
    if not scope_ids:
        raise InvalidChange("Nothing would be left: set status to closed instead.", field="scope")
    # Both fields say the same now: entries of scopes that went are dropped, scopes without an entry
    # get what was granted for them, or their defaults.
    entries = [entry for entry in entries if entry["type"] in scope_ids]
    entries += _default_entries(row, [n for n in scope_ids if n not in _scope_ids(entries)], offers)
    _check_keys(entries)
    return Wanted(tuple(scope_ids), tuple(entries))


def _scope_ids(entries: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(entry["type"] for entry in entries))


def _read_scope(row: Grant, scope: Any, offers: Mapping[str, ScopeOffer]) -> list[str]:
    if not isinstance(scope, str):
        raise InvalidChange("scope must be a string of scope ids.", field="scope")
    wanted = list(dict.fromkeys(scope.split()))
    known = {*row.scope_ids, *row.scope.split(), *offers}
    for name in wanted:
        if name not in known:
            raise InvalidScope(
                f"unknown scope {name[:100]}; available: {', '.join(offers)}", field="scope"
            )
    return wanted


def _refuse_foreign(entries: Sequence[Entry], scope_ids: Sequence[str]) -> None:
    for name in _scope_ids(entries):
        if name not in scope_ids:
            raise InvalidChange(
                f"authorization_details holds an entry of {name}, which scope does not name.",
                field="authorization_details",
            )


def _default_entries(
    row: Grant, names: Sequence[str], offers: Mapping[str, ScopeOffer]
) -> list[dict[str, Any]]:
    """Return the entries of scope ids without details: granted ones, else the scope's defaults."""
    old = [entry for entry in row.authorization_details if entry["type"] in names]
    new = [name for name in names if name not in _scope_ids(old) and name in offers]
    return [*old, *_parse([{"type": name} for name in new], offers)]


def _read_entries(
    row: Grant, details: Any, offers: Mapping[str, ScopeOffer]
) -> list[dict[str, Any]]:
    """Return the submitted entries in the form Grants keep.

    What an entry repeats of the Grant is valid, whatever the offers say by now: limits move with
    the clock and choices come and go. Fields left out of an entry count with their defaults.
    """
    if not isinstance(details, list) or len(details) > MAX_ENTRIES:
        raise InvalidAuthorizationDetails(
            f"must be an array of at most {MAX_ENTRIES} objects", field="authorization_details"
        )
    if any(not isinstance(e, dict) or not isinstance(e.get("type"), str) for e in details):
        raise InvalidAuthorizationDetails(
            "each entry must be an object with a type", field="authorization_details"
        )
    known = [*row.authorization_details, *row.published_details]
    changed = [entry for entry in details if entry not in known]
    same = [_repeated(entry, known) for entry in changed]
    parsed = _parse(
        [
            {name: value for name, value in entry.items() if name not in kept}
            for entry, kept in zip(changed, same, strict=True)
        ],
        offers,
    )
    complete = iter([{**new, **kept} for new, kept in zip(parsed, same, strict=True)])
    return [dict(entry) if entry in known else next(complete) for entry in details]


def _repeated(entry: Entry, known: Sequence[Entry]) -> dict[str, Any]:
    """Return the fields of an entry that some entry of its scope in the Grant has as well."""
    peers = [peer for peer in known if peer["type"] == entry["type"]]
    return {
        name: value
        for name, value in entry.items()
        if name not in _NEVER_SKIPPED
        and any(name in p and _repeats(name, value, p[name]) for p in peers)
    }


def _repeats(name: str, value: Any, known: Any) -> bool:
    """Whether a value says nothing new: equal, or some of the value types that are there."""
    if value == known:
        return True
    if name != VALUE_TYPES or not isinstance(value, list) or not isinstance(known, list):
        return False
    return bool(value) and all(value.count(each) == 1 and each in known for each in value)


def _parse(
    entries: Sequence[dict[str, Any]], offers: Mapping[str, ScopeOffer]
) -> list[dict[str, Any]]:
    """Check entries like those of an authorization request; durations become absolute now.

    Each is judged on its own: what it repeats of the Grant is not in it, so a default would stand
    for it. Different ends shorten the Grant to the earliest (`first_end`).
    """
    if not entries:
        return []
    now, zone = timezone.now(), utility_zone()
    # The form that merging speaks of is that of the next authorization request.
    plain = [{k: v for k, v in entry.items() if k != "merge_selection_with"} for entry in entries]
    by_scope: dict[str, deque[dict[str, Any]]] = defaultdict(deque)
    for access in parse_accesses([], plain, offers, now=now, zone=zone):
        absolute = to_wire(access.with_values(resolve(access, now=now, zone=zone)))
        by_scope[access.scope_id].append(
            without_preselections(absolute, scope_types()[access.scope_type])
        )
    return [by_scope[entry["type"]].popleft() for entry in entries]


def _check_keys(entries: Sequence[Entry]) -> None:
    """All entries share one encryption key (CDS-WG3-01 7.4.6)."""
    keys = [entry["jwk"] for entry in entries if "jwk" in entry]
    if any(key != keys[0] for key in keys):
        raise InvalidAuthorizationDetails("jwk must be the same in every entry", field="jwk")
