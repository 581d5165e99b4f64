"""Grants: making, moving and ending them (CDS-WG1-02 8, CDS-WG3-01 9.1.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from consent import customer_accounts
from consent.catalogue.access import meaning_of, read_entry, resolution_of
from consent.models import Grant, GrantReplacement, Selection
from consent.services import tokens
from consent.services.grants.review_messages import close_review
from portal import audit
from portal.audit import SYSTEM
from portal.background.outbox import enqueue
from portal.errors import DomainError
from portal.models import User
from registration.models import Client, Message
from registration.services.catalogue.offers import current_offers
from registration.services.locks import lock_message, lock_registration
from registration.services.messages.write import notify

Status = Grant.Status

# From which status to which. Nothing leads out of an ended Grant.
_ENDS = frozenset({Status.DISABLED, Status.REVOKED, Status.CLOSED, Status.EXPIRED})
_HICCUPS = frozenset({Status.DELAYED, Status.STOPPED, Status.ERRORED})
_PAUSED = _ENDS | {Status.SUSPENDED}
# A Client may ask for more while the Grant gives all that was granted (CDS-WG1-02 8.6).
_RUNNING = _PAUSED | {Status.NEEDS_AUTHORIZATION}
TRANSITIONS: Mapping[str, frozenset[str]] = {
    Status.ACTIVE: _RUNNING | _HICCUPS | {Status.PENDING, Status.PARTIAL, Status.NEEDS_SUB_GRANTS},
    Status.FUTURE: _ENDS | {Status.ACTIVE, Status.PENDING},
    Status.PENDING: _RUNNING | _HICCUPS | {Status.ACTIVE, Status.PARTIAL, Status.NEEDS_SUB_GRANTS},
    # What the utility limits or suspends, no wish of the Client opens again.
    Status.PARTIAL: _PAUSED | {Status.ACTIVE, Status.PENDING},
    Status.NEEDS_AUTHORIZATION: _PAUSED | {Status.ACTIVE, Status.PENDING, Status.FUTURE},
    Status.NEEDS_SUB_GRANTS: _PAUSED | {Status.ACTIVE, Status.PENDING},
    Status.SUSPENDED: _ENDS
    | {
        Status.ACTIVE,
        Status.PENDING,
        Status.PARTIAL,
        Status.NEEDS_AUTHORIZATION,
        Status.NEEDS_SUB_GRANTS,
    },
    # `pending` while the utility reviews what the Client wants beyond what it has (8.6).
    Status.DELAYED: _RUNNING | {Status.ACTIVE, Status.PENDING, Status.STOPPED, Status.ERRORED},
    Status.STOPPED: _RUNNING | {Status.ACTIVE, Status.PENDING, Status.DELAYED, Status.ERRORED},
    Status.ERRORED: _RUNNING | {Status.ACTIVE, Status.PENDING, Status.DELAYED, Status.STOPPED},
    **dict.fromkeys(_ENDS, frozenset()),
}

# A parent that waits for its sub-Grants continues once they are in these (CDS-WG1-02 8.2).
SUFFICIENT_FOR_PARENT = frozenset({Status.ACTIVE, Status.PARTIAL, Status.DELAYED, Status.STOPPED})

# From these a Grant can say that its data stopped; elsewhere another status matters more.
MAY_STOP = frozenset({Status.ACTIVE, Status.PENDING, Status.DELAYED, Status.ERRORED})
STOPPED_MEANS = "The data of this Grant is no longer updated; what is there stays available."

# How long the computation of a large selection takes, as a promise to the client.
PENDING_TIME = timedelta(minutes=15)
# How long a review by people takes, as a promise to the client.
REVIEW_TIME = timedelta(days=5)


class ForbiddenTransition(DomainError):
    """The Grant cannot get this status from the one that it has (CDS-WG1-02 8.2)."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class SelectionInput:
    """What the customer chose for one entry of the authorization details (CDS-WG3-01 9.2.3).

    `chosen` says when, where that was before the Grant is given now.
    """

    entry: int
    scope_id: str
    selection_type: str
    object_ids: tuple[str, ...] = ()
    everything: bool = False
    include_future: bool = False
    chosen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTerms:
    """What a Grant gives: entries, their scope, what was chosen for each, and for how long.

    Durations in `authorization_details` were resolved when the Grant was given (CDS-WG3-01 7.3).
    """

    authorization_details: Sequence[dict[str, Any]]
    scope: str
    selections: Sequence[SelectionInput] = ()
    expires: datetime | None = None
    not_before: datetime | None = None


def grant_uri(grant_id: str) -> str:
    """Return the `uri` of a Grant."""
    return f"{settings.BASE_URL}{reverse('consent:grant', args=[grant_id])}"


def lock_person(user_pk: int) -> None:
    """Wait for other changes of what a person gives, and of what they may give.

    Approvals and ends of links to accounts would else not see each other. Comes before Grants.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user_pk)


def lock_grant(grant: Grant) -> Grant:
    """Return the current row, locked; `client.registration` is loaded.

    The lock lets others insert rows that point at the Grant: a token request that holds its refresh
    token and an end of the Grant that wants it would else wait for each other. A parent is locked
    before its children, by whichever of them a change begins, and the Message of a review before
    its Grant, as staff do who decide about it.
    """
    if grant.user_id is None:
        _lock_review(grant)
    if grant.parent is not None:
        lock_grant(grant.parent)
    rows = Grant.objects.select_related("client__registration", "review")
    found: Grant = rows.select_for_update(of=("self",), no_key=True).get(pk=grant.pk)
    return found


def _lock_review(grant: Grant) -> None:
    """Lock the party of a Grant that no customer gave, then the review that there is now.

    Only such Grants are reviewed. Who opens a review takes these locks as well, so that none opens
    between this look and the lock of the Grant (registration.services.locks).
    """
    lock_registration(grant.client.registration_id)
    review = Message.objects.filter(reviewed_grant=grant.pk).first()
    if review is not None:
        lock_message(review)


def apply_status(grant: Grant, status: str) -> None:
    """Change the status of a locked row, the one place that does; raises ForbiddenTransition."""
    if status not in TRANSITIONS[grant.status]:
        raise ForbiddenTransition(
            f"A Grant that is {grant.status} cannot become {status}.", field="status"
        )
    grant.status = status
    grant.eta = timezone.now() + PENDING_TIME if status == Status.PENDING else None


def open_fully(grant: Grant) -> None:
    """Let the enabled fields say that everything granted is open."""
    grant.enabled_scope = grant.scope
    grant.enabled_authorization_details = grant.authorization_details


def close_fully(grant: Grant) -> None:
    """Let the enabled fields say that nothing is open."""
    grant.enabled_scope, grant.enabled_authorization_details = "", []


def save_grant(grant: Grant) -> None:
    """Store a changed row; `modified` moves with every change (CDS-WG1-02 8.1)."""
    grant.modified = timezone.now()
    grant.save()


def record_change(grant: Grant, action: str, *, by: User | str, **details: Any) -> None:
    """Write the audit event of a change."""
    audit.record(
        f"grant.{action}",
        by=by,
        subject=f"grant:{grant.grant_id}",
        registration=grant.client.registration.registration_id,
        details=details,
    )


def tell_client(grant: Grant, name: str, description: str) -> None:
    """Write the Message about a change that the Client did not make itself (CDS-WG1-02 6)."""
    notify(
        registration=grant.client.registration,
        name=name,
        description=description,
        related_type="grant",
        related_uri=grant_uri(grant.grant_id),
    )


@transaction.atomic
def create_grant(
    *,
    client: Client,
    user: User | None,
    terms: GrantTerms,
    replaces: Sequence[Grant] = (),
    parent: Grant | None = None,
    created: datetime | None = None,
    state: str | None = None,
    by: User | str,
) -> Grant:
    """Create the Grant of a customer's approval and compute its access, or promise to.

    Selections of up to SYNCHRONOUS_SELECTION_LIMIT objects are computed here and the Grant starts
    `active`; larger ones start `pending` with an `eta`: their first objects are computed here, the
    rest by a task. With a `not_before` that lies ahead the Grant starts `future` and nothing is
    computed yet.

    `parent`, `replaces` and a `not_before` of the terms keep the rules of CDS-WG1-02 8 ready:
    nothing in the product makes sub-Grants, replacements or Grants for the future so far.
    """
    now = created or timezone.now()
    if parent is not None:
        # Locked before the child exists: an end of the parent ends all children that there are.
        parent = note_new_child(parent)
    begins_later = terms.not_before is not None and terms.not_before > timezone.now()
    entries = list(terms.authorization_details)
    # Nothing is open yet: `begin` decides what is, once the selections are stored.
    grant = Grant.objects.create(
        client=client,
        user=user,
        status=Status.FUTURE if begins_later else Status.PENDING,
        eta=None if begins_later else now + PENDING_TIME,
        scope=terms.scope,
        authorization_details=entries,
        # What the scope ids mean today, so that a change of the offers never changes this Grant.
        resolution=resolution_of(terms.scope, entries, current_offers()),
        not_before=terms.not_before,
        expires=terms.expires,
        parent=parent,
        states=with_state([], state),
        created=now,
        modified=now,
    )
    # The older Grants list the newer one, which is a change of theirs: Clients that poll see it.
    GrantReplacement.objects.bulk_create(
        GrantReplacement(newer=grant, older=older) for older in replaces
    )
    Grant.objects.filter(pk__in=[older.pk for older in replaces]).update(modified=now)
    store_selections(grant, terms.selections)
    if not begins_later:
        begin(grant)
    record_change(grant, "created", by=by, scope=terms.scope, status=grant.status)
    return grant


def with_state(states: Sequence[str], state: str | None) -> list[str]:
    """Return the `state` values of a Grant with that of one more request; none comes twice."""
    return list(dict.fromkeys([*states, *([state] if state else [])]))


def forget_question(grant: Grant) -> None:
    """Drop what the Client asked for beyond what is granted."""
    grant.asked_scope, grant.asked_authorization_details = "", None


def store_selections(grant: Grant, selections: Sequence[SelectionInput]) -> None:
    """Store what the customer chose for each entry of a Grant."""
    Selection.objects.bulk_create(
        Selection(
            grant=grant,
            entry=chosen.entry,
            scope_id=chosen.scope_id,
            selection_type=chosen.selection_type,
            object_ids=list(chosen.object_ids),
            everything=chosen.everything,
            include_future=chosen.include_future,
            chosen=chosen.chosen,
        )
        for chosen in selections
    )


def as_input(selection: Selection) -> SelectionInput:
    """Return what was stored for an entry in the form that it is stored from."""
    return SelectionInput(
        entry=selection.entry,
        scope_id=selection.scope_id,
        selection_type=selection.selection_type,
        object_ids=tuple(selection.object_ids),
        everything=selection.everything,
        include_future=selection.include_future,
        chosen=selection.chosen,
    )


def begin(grant: Grant) -> None:
    """Open a locked Grant: later, now, or piece by piece where computing its access takes long.

    The caller saves the row and writes the audit event.
    """
    if grant.not_before is not None and grant.not_before > timezone.now():
        apply_status(grant, Status.FUTURE)
        close_fully(grant)
    elif customer_accounts.listener().size(grant) > settings.SYNCHRONOUS_SELECTION_LIMIT:
        if grant.status != Status.PENDING:
            apply_status(grant, Status.PENDING)
        _open_first_objects(grant)
        enqueue("consent.tasks.compute_grant", grant.grant_id)
    else:
        _finish(grant)


def open_more(grant: Grant) -> None:
    """Open what was granted of a locked Grant that waits for more; the caller saves the row."""
    if customer_accounts.listener().size(grant) > settings.SYNCHRONOUS_SELECTION_LIMIT:
        _open_first_objects(grant)
        enqueue("consent.tasks.compute_grant", grant.grant_id)
        return
    open_fully(grant)
    # Stored first: the listener may look the Grant up.
    grant.save()
    customer_accounts.listener().grant_approved(grant)


def _open_first_objects(grant: Grant) -> None:
    """Compute as much as a customer may wait for: a pending Grant gives what is ready (8.2).

    The enabled fields are filled from here on, so that Grant Admin tokens can be had (decision 48).
    """
    # The listener computes what is stored, so the selections are cut short while it does.
    chosen = list(grant.selections.order_by("entry"))
    room: int = settings.SYNCHRONOUS_SELECTION_LIMIT
    for selection in chosen:
        first = selection.object_ids[:room]
        room -= len(first)
        grant.selections.filter(pk=selection.pk).update(
            object_ids=first, everything=False, include_future=False
        )
    open_fully(grant)
    grant.save()
    customer_accounts.listener().grant_approved(grant)
    # Whole again, for the task that computes the rest.
    Selection.objects.bulk_update(chosen, ["object_ids", "everything", "include_future"])


def _finish(grant: Grant) -> None:
    apply_status(grant, Status.ACTIVE)
    open_fully(grant)
    # Stored first: the listener may look the Grant up.
    grant.save()
    customer_accounts.listener().grant_approved(grant)
    stop_if_over(grant)
    settle_parent(grant)


def stop_if_over(grant: Grant) -> None:
    """Let a locked Grant say that its data stopped, when links behind it have ended (ADR 5).

    That may have happened while another status mattered more. One whose own time spans are over
    is left to the sweep, which tells nobody (ADR 8).
    """
    now = timezone.now()
    if grant.status not in MAY_STOP or not grant.is_out_of_new_data(now):
        return
    if not _spans_are_over(grant, now):
        stop_data(grant, by=SYSTEM, tells=True)


def stop_data(grant: Grant, *, by: User | str, tells: bool) -> None:
    """Let a locked Grant say that its last new data has come; the one place where it becomes so.

    What is there stays available, and tokens keep working. `tells` says that the Client could not
    foresee it, so that a Message is due. The caller settles the parent. Raises ForbiddenTransition.
    """
    apply_status(grant, Status.STOPPED)
    save_grant(grant)
    record_change(grant, "stopped", by=by)
    if tells:
        tell_client(grant, "Grant stopped", STOPPED_MEANS)


def _spans_are_over(grant: Grant, now: datetime) -> bool:
    """Whether the Grant would get nothing new whatever became of links (CDS-WG3-01 7.3)."""
    for details in grant.authorization_details:
        meaning = meaning_of(grant.resolution, details["type"])
        if meaning is not None:
            end = read_entry(details, meaning.scope_type).new_data_until
            if end is None or end > now:
                return False
    return True


@transaction.atomic
def compute_grant(*, grant_id: str) -> bool:
    """Compute the access of a pending Grant; return whether there was something to do.

    A Grant whose Client asked for more in the meantime still gets what was granted.
    """
    row = Grant.objects.filter(grant_id=grant_id).first()
    if row is None:
        return False
    row = lock_grant(row)
    if row.is_asking and row.status in {Status.PENDING, Status.NEEDS_AUTHORIZATION}:
        customer_accounts.listener().grant_approved(row)
    elif row.status == Status.PENDING:
        _finish(row)
        save_grant(row)
    else:
        return False
    record_change(row, "computed", by=SYSTEM)
    return True


@transaction.atomic
def end_grant(*, grant: Grant, status: str, reason: str, by: User | str) -> Grant:
    """End a Grant: `revoked`, `closed`, `expired` or `disabled`. Its tokens die with it.

    Its sub-Grants end with it. The Client learns of an end that is neither its own doing nor
    foreseeable by a Message. Ending a Grant with the status that it already has changes nothing.
    Raises ForbiddenTransition for a Grant that ended otherwise, and for any other status.
    CDS-WG1-02 8.1 and 8.2.
    """
    row = lock_grant(grant)
    if row.status == status:
        return row
    if status not in Grant.ENDED:
        raise ForbiddenTransition(f"{status} does not end a Grant.", field="status")
    apply_status(row, status)
    close_fully(row)
    # Nobody has to decide about it any longer, neither the utility nor the customer.
    close_review(row, why=f"The Grant has ended: {status}.", by=by)
    forget_question(row)
    row.suspended_from = None
    row.ended_reason = reason[:200]
    # Tokens die in this transaction; the time also refuses one that is being issued meanwhile.
    row.tokens_not_before = timezone.now()
    save_grant(row)
    tokens.kill_tokens_of_grant(grant=row)
    if not row.is_administrative:
        customer_accounts.listener().grant_ended(row)
    record_change(row, status, by=by, reason=row.ended_reason)
    if status in {Status.REVOKED, Status.DISABLED}:
        who = "The customer" if status == Status.REVOKED else "The utility"
        tell_client(row, f"Grant {status}", f"{who} has ended this Grant: {row.ended_reason}.")
    # Parents are locked before children (`lock_grant`), so this goes down, never up.
    for child in Grant.objects.live().filter(parent=row).order_by("pk"):
        end_grant(grant=child, status=status, reason="the Grant above it ended", by=by)
    return row


def note_new_child(parent: Grant) -> Grant:
    """Lock a Grant that gets a sub-Grant and date the change. Raises ForbiddenTransition."""
    row = lock_grant(parent)
    if row.status in Grant.ENDED:
        raise ForbiddenTransition(f"A Grant that is {row.status} gets no sub-Grants.")
    save_grant(row)
    return row


def settle_parent(grant: Grant) -> None:
    """Let a parent that waits for its sub-Grants continue once all live ones suffice.

    `grant` was locked by `lock_grant`, so the parent is locked as well.
    """
    if grant.parent_id is None:
        return
    parent = Grant.objects.select_related("client__registration").get(pk=grant.parent_id)
    if parent.status != Status.NEEDS_SUB_GRANTS:
        return
    children = Grant.objects.live().filter(parent=parent).values_list("status", flat=True)
    if set(children) <= SUFFICIENT_FOR_PARENT:
        begin(parent)
        save_grant(parent)
        record_change(parent, "sub_grants_complete", by=SYSTEM, status=parent.status)
