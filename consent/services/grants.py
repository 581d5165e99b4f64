"""Grants: making, moving and ending them (CDS-WG1-02 8, CDS-WG3-01 9.1.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from consent import catalog
from consent.models import Grant, GrantReplacement, Selection
from consent.services import tokens
from portal import audit
from portal.crypto import digest
from portal.errors import DomainError
from portal.jsontext import dumps
from portal.models import User
from portal.outbox import enqueue
from registration.models import Client

S = Grant.Status

# From which status to which. Nothing leads out of an ended Grant.
_ENDS = frozenset({S.DISABLED, S.REVOKED, S.CLOSED, S.EXPIRED})
_HICCUPS = frozenset({S.DELAYED, S.STOPPED, S.ERRORED})
TRANSITIONS: Mapping[str, frozenset[str]] = {
    S.ACTIVE: _ENDS | _HICCUPS | {S.PENDING, S.PARTIAL, S.NEEDS_AUTHORIZATION, S.SUSPENDED},
    S.FUTURE: _ENDS | {S.ACTIVE, S.PENDING},
    S.PENDING: _ENDS | _HICCUPS | {S.ACTIVE, S.PARTIAL, S.NEEDS_SUB_GRANTS, S.SUSPENDED},
    S.PARTIAL: _ENDS | _HICCUPS | {S.ACTIVE, S.PENDING, S.SUSPENDED},
    S.NEEDS_AUTHORIZATION: _ENDS | {S.ACTIVE, S.PENDING, S.FUTURE, S.SUSPENDED},
    S.NEEDS_SUB_GRANTS: _ENDS | {S.ACTIVE, S.PENDING, S.PARTIAL, S.SUSPENDED},
    S.SUSPENDED: _ENDS | {S.ACTIVE, S.PENDING, S.PARTIAL},
    S.DELAYED: _ENDS | {S.ACTIVE, S.STOPPED, S.ERRORED, S.SUSPENDED},
    S.STOPPED: _ENDS | {S.ACTIVE, S.DELAYED, S.ERRORED, S.SUSPENDED},
    S.ERRORED: _ENDS | {S.ACTIVE, S.PENDING, S.DELAYED, S.STOPPED, S.SUSPENDED},
    **dict.fromkeys(_ENDS, frozenset()),
}

# How long the computation of a large selection takes, as a promise to the client.
PENDING_TIME = timedelta(minutes=15)
SYSTEM = "system"


class ForbiddenTransition(DomainError):
    """The Grant cannot get this status from the one that it has (CDS-WG1-02 8.2)."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class SelectionInput:
    """What the customer chose for one entry of the authorization details (CDS-WG3-01 9.2.3)."""

    entry: int
    scope_id: str
    selection_type: str
    object_ids: tuple[str, ...] = ()
    everything: bool = False
    include_future: bool = False


def lock_grant(grant: Grant) -> Grant:
    """Return the current row, locked; `client.registration` is loaded.

    The lock lets others insert rows that point at the Grant: a token request that holds its refresh
    token and an end of the Grant that wants it would else wait for each other.
    """
    rows = Grant.objects.select_related("client__registration")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=grant.pk)


def _apply(grant: Grant, status: str) -> None:
    """The one place that changes a status; raises ForbiddenTransition."""
    if status not in TRANSITIONS[grant.status]:
        raise ForbiddenTransition(
            f"A Grant that is {grant.status} cannot become {status}.", field="status"
        )
    grant.status = status
    grant.eta = timezone.now() + PENDING_TIME if status == S.PENDING else None


def _enable(grant: Grant) -> None:
    grant.enabled_scope = grant.scope
    grant.enabled_authorization_details = grant.authorization_details


def _save(grant: Grant) -> None:
    grant.modified = timezone.now()
    grant.save()


def _record(grant: Grant, action: str, *, by: User | str, **details: Any) -> None:
    audit.record(
        f"grant.{action}",
        by=by,
        subject=f"grant:{grant.grant_id}",
        registration=grant.client.registration.registration_id,
        details=details,
    )


@transaction.atomic
def create_grant(
    *,
    client: Client,
    user: User,
    authorization_details: list[dict[str, Any]],
    scope: str,
    selections: Sequence[SelectionInput],
    expires: datetime | None,
    replaces: Sequence[Grant] = (),
    created: datetime | None = None,
    by: User | str,
) -> Grant:
    """Create the Grant of a customer's approval and compute its access, or promise to.

    `authorization_details` are absolute, resolved at `created` (CDS-WG3-01 7.3). Selections of up
    to SYNCHRONOUS_SELECTION_LIMIT objects are computed here and the Grant starts `active`; larger
    ones start `pending` with an `eta` and are computed by a task.
    """
    now = created or timezone.now()
    grant = Grant.objects.create(
        client=client,
        user=user,
        status=S.PENDING,
        eta=now + PENDING_TIME,
        scope=scope,
        authorization_details=authorization_details,
        expires=expires,
        created=now,
        modified=now,
    )
    GrantReplacement.objects.bulk_create(
        GrantReplacement(newer=grant, older=older) for older in replaces
    )
    _start(grant, selections)
    _record(grant, "created", by=by, scope=scope, status=grant.status)
    return grant


@transaction.atomic
def authorize_grant(
    *,
    grant: Grant,
    user: User,
    authorization_details: list[dict[str, Any]],
    scope: str,
    selections: Sequence[SelectionInput],
    expires: datetime | None,
    by: User | str,
) -> Grant:
    """Give a Grant that waits for the customer what was approved (CDS-WG1-02 8.3).

    Raises ForbiddenTransition when the Grant does not wait for an authorization.
    """
    row = lock_grant(grant)
    if row.status != S.NEEDS_AUTHORIZATION:
        raise ForbiddenTransition("This Grant does not wait for an authorization.", field="status")
    row.user, row.scope, row.expires = user, scope, expires
    row.authorization_details = authorization_details
    row.selections.all().delete()
    _apply(row, S.PENDING)
    _start(row, selections)
    _save(row)
    _record(row, "authorized", by=by, scope=scope, status=row.status)
    return row


def _start(grant: Grant, selections: Sequence[SelectionInput]) -> None:
    """Store what was chosen; compute it now when that is quick, else in a task."""
    Selection.objects.bulk_create(
        Selection(
            grant=grant,
            entry=chosen.entry,
            scope_id=chosen.scope_id,
            selection_type=chosen.selection_type,
            object_ids=list(chosen.object_ids),
            everything=chosen.everything,
            include_future=chosen.include_future,
        )
        for chosen in selections
    )
    if catalog.listener().size(grant) > settings.SYNCHRONOUS_SELECTION_LIMIT:
        enqueue("consent.tasks.compute_grant", grant.grant_id)
        return
    _finish(grant)


def _finish(grant: Grant) -> None:
    _apply(grant, S.ACTIVE)
    _enable(grant)
    # Stored first: the listener may look the Grant up.
    grant.save()
    catalog.listener().grant_approved(grant)


@transaction.atomic
def compute_grant(*, grant_id: str) -> bool:
    """Compute the access of a pending Grant; return whether there was something to do."""
    row = Grant.objects.filter(grant_id=grant_id, status=S.PENDING).first()
    if row is None:
        return False
    row = lock_grant(row)
    if row.status != S.PENDING:
        return False
    _finish(row)
    _save(row)
    _record(row, "computed", by=SYSTEM)
    return True


@transaction.atomic
def start_grant(*, grant: Grant, by: User | str) -> Grant:
    """Make a Grant for the future active when its time has come."""
    row = lock_grant(grant)
    if row.status != S.FUTURE or row.not_before is None or row.not_before > timezone.now():
        return row
    _apply(row, S.ACTIVE)
    _enable(row)
    _save(row)
    if not row.is_administrative:
        catalog.listener().grant_approved(row)
    _record(row, "started", by=by)
    return row


@transaction.atomic
def end_grant(*, grant: Grant, status: str, reason: str, by: User | str) -> Grant:
    """End a Grant: `revoked`, `closed`, `expired` or `disabled`. Its tokens die with it.

    Ending a Grant with the status that it already has changes nothing. Raises ForbiddenTransition
    for a Grant that ended otherwise, and for any other status. CDS-WG1-02 8.1 and 8.2.
    """
    row = lock_grant(grant)
    if row.status == status:
        return row
    if status not in Grant.ENDED:
        raise ForbiddenTransition(f"{status} does not end a Grant.", field="status")
    _apply(row, status)
    row.enabled_scope, row.enabled_authorization_details = "", []
    row.ended_reason = reason[:200]
    row.tokens_not_before = timezone.now()
    _save(row)
    tokens.kill_tokens_of_grant(grant=row)
    if not row.is_administrative:
        catalog.listener().grant_ended(row)
    _record(row, status, by=by, reason=row.ended_reason)
    return row


@transaction.atomic
def reduce_grant(*, grant: Grant, entries: Sequence[int], scope: str, by: User | str) -> Grant:
    """Keep only some scopes and entries of a Grant (CDS-WG1-02 8.6): needs no new consent.

    `entries` are the indexes into authorization_details that stay. Raises ForbiddenTransition when
    the Grant has ended.
    """
    row = lock_grant(grant)
    if row.status in Grant.ENDED:
        raise ForbiddenTransition(f"A Grant that is {row.status} cannot be changed.", field="scope")
    kept = sorted(set(entries))
    row.scope = scope
    row.authorization_details = [row.authorization_details[index] for index in kept]
    row.enabled_scope = " ".join(s for s in row.enabled_scope.split() if s in scope.split())
    row.enabled_authorization_details = [
        entry for entry in row.enabled_authorization_details if entry in row.authorization_details
    ]
    row.selections.exclude(entry__in=kept).delete()
    # Upwards, so that a new number never meets an old one.
    for new, old in enumerate(kept):
        row.selections.filter(entry=old).update(entry=new)
    _save(row)
    if not row.is_administrative and row.status not in Grant.WITHOUT_ACCESS:
        catalog.listener().grant_approved(row)
    _record(row, "reduced", by=by, scope=scope)
    return row


def admin_grant(
    *, client: Client, scope: str, authorization_details: list[dict[str, Any]]
) -> Grant:
    """Return the Grant of a client credentials request; identical requests share one (decision 14).

    Two requests at once meet in a unique constraint, not in a second Grant.
    """
    wanted = dumps([scope, authorization_details]).decode()
    key = digest(wanted, purpose="grant-request")
    live = Grant.objects.live().select_related("client__registration")
    found = live.filter(client=client, request_digest=key).first()
    return found or _make_admin_grant(client, scope, authorization_details, key)


@transaction.atomic
def _make_admin_grant(
    client: Client, scope: str, authorization_details: list[dict[str, Any]], key: str
) -> Grant:
    now = timezone.now()
    made = Grant(
        client=client,
        status=S.ACTIVE,
        scope=scope,
        authorization_details=authorization_details,
        request_digest=key,
        created=now,
        modified=now,
    )
    _enable(made)
    Grant.objects.bulk_create([made], ignore_conflicts=True)
    grant: Grant = Grant.objects.live().get(client=client, request_digest=key)
    if grant.grant_id == made.grant_id:
        _record(grant, "created", by=f"client:{client.client_id}", scope=scope, status=grant.status)
    return grant
