"""What staff and the utility's systems do with Grants (CDS-WG1-02 8.2). Each has a command."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from consent import customer_accounts
from consent.catalogue.access import resolution_of
from consent.models import Grant
from consent.services.grants.lifecycle import (
    REVIEW_TIME,
    STOPPED_MEANS,
    ForbiddenTransition,
    apply_status,
    begin,
    close_fully,
    end_grant,
    lock_grant,
    open_fully,
    record_change,
    save_grant,
    settle_parent,
    stop_data,
    tell_client,
)
from portal.background.outbox import enqueue
from portal.errors import DomainError
from portal.models import User
from portal.values.times import utility_zone
from registration.catalogue.admin import SERVER_PROVIDED_FILES
from registration.models import Client
from registration.models.files import ServerProvidedFile
from registration.services.catalogue.offers import current_offers
from registration.services.locks import lock_client

Status = Grant.Status

# Statuses that tell how the data is doing; access stays as it is.
DATA_STATES: Mapping[str, str] = {
    Status.ACTIVE: "The data of this Grant is on schedule again.",
    Status.DELAYED: "The data of this Grant is behind schedule and will be updated.",
    Status.STOPPED: STOPPED_MEANS,
    Status.ERRORED: "An internal error affects this Grant; access cannot be confirmed.",
}
# From here only the service of that status leads on: an authorization, a date, resuming.
_BOUND = frozenset(
    {
        Status.FUTURE,
        Status.NEEDS_AUTHORIZATION,
        Status.SUSPENDED,
        Status.NEEDS_SUB_GRANTS,
        Status.PARTIAL,
    }
)


class InvalidStaffChange(DomainError):
    """A staff action on a Grant lacks something; the message says what."""

    code = "invalid_request"


def _require(reason: str) -> str:
    text = reason.strip()
    if not text:
        raise InvalidStaffChange("A reason is needed: the client reads it.", field="reason")
    return text


@transaction.atomic
def grant_files(
    *,
    client: Client,
    files: Sequence[ServerProvidedFile],
    scope_id: str,
    expires: datetime | None = None,
    by: User | str,
) -> Grant:
    """Share files of the utility with a party: one active Grant of one of its Clients (3.3.3).

    Raises InvalidStaffChange when the scope is not one for files, the Client does not have it, or a
    file was uploaded for another party.
    """
    client = lock_client(client)
    offer = current_offers().get(scope_id)
    if offer is None or offer.type != SERVER_PROVIDED_FILES:
        raise InvalidStaffChange(f"{scope_id} is not an offered scope for files.", field="scope")
    if scope_id not in client.scopes:
        raise InvalidStaffChange(f"The Client does not have the scope {scope_id}.", field="scope")
    if not files:
        raise InvalidStaffChange("Name at least one file.", field="file_id")
    if any(file.registration_id != client.registration_id for file in files):
        raise InvalidStaffChange("A file was uploaded for another party.", field="file_id")
    file_ids = dict.fromkeys(file.file_id for file in files)
    now = timezone.now()
    grant = Grant(
        client=client,
        status=Status.ACTIVE,
        scope=scope_id,
        authorization_details=[{"type": scope_id, "file_id": file_id} for file_id in file_ids],
        resolution=resolution_of(scope_id, (), current_offers()),
        expires=expires,
        created=now,
        modified=now,
    )
    open_fully(grant)
    grant.save()
    record_change(grant, "created", by=by, scope=scope_id, files=list(file_ids))
    tell_client(grant, "Files shared", f"The utility shares {len(file_ids)} file(s) with you.")
    return grant


@transaction.atomic
def suspend_grant(*, grant: Grant, reason: str, by: User | str) -> Grant:
    """Take the access of a Grant away for a while; its tokens work again after `resume_grant`.

    Raises ForbiddenTransition, and InvalidStaffChange without a reason. CDS-WG1-02 8.2.
    """
    reason = _require(reason)
    row = lock_grant(grant)
    before = {"status": row.status, "scope": row.enabled_scope}
    apply_status(row, Status.SUSPENDED)
    row.suspended_from = before
    close_fully(row)
    save_grant(row)
    record_change(row, "suspended", by=by, reason=reason)
    tell_client(row, "Grant suspended", f"Access is suspended for now: {reason}")
    return row


@transaction.atomic
def resume_grant(*, grant: Grant, by: User | str) -> Grant:
    """Give a suspended Grant back what it gave before; a backlog is computed again.

    Raises ForbiddenTransition for a Grant that is not suspended.
    """
    row = lock_grant(grant)
    if row.status != Status.SUSPENDED:
        raise ForbiddenTransition("Only a suspended Grant can be resumed.", field="status")
    before = row.suspended_from or {"status": Status.ACTIVE.value, "scope": row.scope}
    row.suspended_from = None
    if before["status"] in Grant.LIMITED:
        apply_status(row, before["status"])
        _open_scopes(row, before["scope"].split())
        if row.enabled_scope:
            row.save()
            customer_accounts.listener().grant_approved(row)
    elif row.is_under_review:
        apply_status(row, Status.PENDING)
        row.eta = timezone.now() + REVIEW_TIME
        open_fully(row)
    elif row.user_id is None:
        apply_status(row, Status.ACTIVE)
        if before["status"] in {Status.DELAYED, Status.STOPPED, Status.ERRORED}:
            apply_status(row, before["status"])
        open_fully(row)
    else:
        begin(row)
    save_grant(row)
    record_change(row, "resumed", by=by, status=row.status)
    tell_client(row, "Grant resumed", "Access is no longer suspended.")
    settle_parent(row)
    return row


@transaction.atomic
def limit_grant(*, grant: Grant, scope_ids: Sequence[str], reason: str, by: User | str) -> Grant:
    """Open only some scopes of a Grant: it becomes `partial` (CDS-WG1-02 8.2).

    Raises ForbiddenTransition, and InvalidStaffChange unless some but not all scopes are left.
    """
    reason = _require(reason)
    row = lock_grant(grant)
    wanted = [scope_id for scope_id in row.scope.split() if scope_id in scope_ids]
    _refuse_under_review(row)
    apply_status(row, Status.PARTIAL)
    if not wanted or len(wanted) == len(row.scope.split()) or set(scope_ids) - set(wanted):
        raise InvalidStaffChange(
            f"Name some, but not all, of the Grant's scopes: {row.scope}.", field="scope"
        )
    _open_scopes(row, wanted)
    save_grant(row)
    record_change(row, "limited", by=by, scope=row.enabled_scope, reason=reason)
    tell_client(row, "Grant limited", f"Access is limited to {row.enabled_scope}: {reason}")
    return row


@transaction.atomic
def lift_limit(*, grant: Grant, by: User | str) -> Grant:
    """Open a partial Grant fully again. Raises ForbiddenTransition for any other."""
    row = lock_grant(grant)
    if row.status != Status.PARTIAL:
        raise ForbiddenTransition("Only a partial Grant has a limit.", field="status")
    if row.user_id is None:
        apply_status(row, Status.ACTIVE)
        open_fully(row)
    else:
        begin(row)
    save_grant(row)
    record_change(row, "limit_lifted", by=by, status=row.status)
    tell_client(row, "Grant no longer limited", "The whole Grant is open again.")
    return row


@transaction.atomic
def report_data_state(*, grant: Grant, status: str, by: User | str) -> Grant:
    """Say how the data of a Grant is doing: `active`, `delayed`, `stopped` or `errored` (8.2).

    A status that the Grant already has changes nothing. Raises ForbiddenTransition, also for
    `active` once the last new data has come: the next sweep would undo it.
    """
    row = lock_grant(grant)
    if row.status == status:
        return row
    _refuse_under_review(row)
    if status not in DATA_STATES or row.status in _BOUND:
        raise ForbiddenTransition(
            f"A Grant that is {row.status} cannot be reported as {status}.", field="status"
        )
    if status == Status.ACTIVE:
        _refuse_without_new_data(row)
    was_pending = row.status == Status.PENDING
    open_fully(row)
    if status == Status.STOPPED:
        stop_data(row, by=by, tells=True)
    else:
        apply_status(row, status)
        save_grant(row)
        record_change(row, status, by=by)
        tell_client(row, f"Grant {status}", DATA_STATES[status])
    if was_pending:
        # What waited to be computed is open now; the listener reads the stored row.
        customer_accounts.listener().grant_approved(row)
        save_grant(row)
    settle_parent(row)
    return row


def _refuse_without_new_data(row: Grant) -> None:
    end = row.new_data_until
    if end is not None and row.is_out_of_new_data(timezone.now()):
        day = end.astimezone(utility_zone()).date().isoformat()
        raise ForbiddenTransition(
            f"The last new data of this Grant came on {day}: it cannot be reported as active.",
            field="status",
        )


@transaction.atomic
def recompute_grant(*, grant: Grant, by: User | str) -> Grant:
    """Compute the access of an active Grant again; it is `pending` meanwhile and keeps its access.

    Raises ForbiddenTransition for any other Grant.
    """
    row = lock_grant(grant)
    if row.status != Status.ACTIVE:
        raise ForbiddenTransition(
            f"A Grant that is {row.status} cannot be computed again.", field="status"
        )
    apply_status(row, Status.PENDING)
    save_grant(row)
    enqueue("consent.tasks.compute_grant", row.grant_id)
    record_change(row, "recomputed", by=by)
    return row


@transaction.atomic
def require_sub_grants(*, grant: Grant, by: User | str) -> Grant:
    """Let a Grant wait for its sub-Grants; until they suffice it gives nothing (CDS-WG1-02 8.2)."""
    row = lock_grant(grant)
    _refuse_under_review(row)
    apply_status(row, Status.NEEDS_SUB_GRANTS)
    close_fully(row)
    save_grant(row)
    record_change(row, "needs_sub_grants", by=by)
    tell_client(row, "Grant needs sub-Grants", "Access begins when its sub-Grants are authorized.")
    return row


@transaction.atomic
def disable_grant(*, grant: Grant, reason: str, by: User | str) -> Grant:
    """End a Grant for good in the name of the utility. Raises as `end_grant` does.

    Raises InvalidStaffChange without a reason.
    """
    return end_grant(grant=grant, status=Status.DISABLED, reason=_require(reason), by=by)


def _refuse_under_review(grant: Grant) -> None:
    if grant.is_under_review:
        raise ForbiddenTransition(
            "Decide about the changes that the client wants first; see list_requests.",
            field="status",
        )


def _open_scopes(grant: Grant, scope_ids: Sequence[str]) -> None:
    """Let the enabled fields say that these scopes are open, as far as they are granted."""
    grant.enabled_scope = " ".join(s for s in grant.scope.split() if s in scope_ids)
    opened: list[dict[str, Any]] = [
        entry for entry in grant.authorization_details if entry["type"] in scope_ids
    ]
    grant.enabled_authorization_details = opened
