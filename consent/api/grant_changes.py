"""What a client may change in a Grant (CDS-WG1-02 8.6)."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from consent.models import Grant
from consent.services.grants import end_grant, lock_grant, reduce_grant
from portal.errors import DomainError


class InvalidChange(DomainError):
    """A submitted value is not one that a client may set."""

    code = "invalid_request"


@transaction.atomic
def change_grant(*, grant: Grant, body: Any, by: str) -> None:
    """Apply a PATCH: `status` to `closed`, fewer scopes, fewer authorization details entries.

    Other fields are ignored, as the standard says. Raises InvalidChange; more access than now needs
    the customer, who is asked by an authorization request.
    """
    if not isinstance(body, dict):
        raise InvalidChange("The body must be a JSON object.")
    row = lock_grant(grant)
    scope_ids, entries = _kept(row, body)
    if "status" in body and body["status"] != Grant.Status.CLOSED:
        raise InvalidChange("status can only be set to closed.", field="status")
    if len(scope_ids) < len(row.scope_ids) or len(entries) < len(row.authorization_details):
        reduce_grant(grant=row, entries=entries, scope=" ".join(scope_ids), by=by)
    if "status" in body:
        end_grant(grant=row, status=Grant.Status.CLOSED, reason="closed by the client", by=by)


def _kept(grant: Grant, body: dict[str, Any]) -> tuple[list[str], list[int]]:
    """Return the scope ids and the indexes of the entries that stay."""
    scope_ids = _kept_scopes(grant, body["scope"]) if "scope" in body else grant.scope_ids
    entries: Sequence[int] = range(len(grant.authorization_details))
    if "authorization_details" in body:
        entries = _kept_entries(grant, body["authorization_details"])
    kept = [i for i in entries if grant.authorization_details[i]["type"] in scope_ids]
    if "authorization_details" in body and "scope" not in body:
        # An entry and its scope id say the same thing: the last entry takes its scope along.
        typed = {entry["type"] for entry in grant.authorization_details}
        left = {grant.authorization_details[i]["type"] for i in kept}
        scope_ids = [s for s in scope_ids if s in left or s not in typed]
    if not scope_ids:
        raise InvalidChange("Nothing would be left: set status to closed instead.", field="scope")
    return scope_ids, kept


def _kept_scopes(grant: Grant, scope: Any) -> list[str]:
    if not isinstance(scope, str):
        raise InvalidChange("scope must be a string of scope ids.", field="scope")
    wanted = scope.split()
    if not set(wanted) <= set(grant.scope_ids):
        raise InvalidChange(
            "scope can only lose values; more access needs a new authorization request.",
            field="scope",
        )
    return [scope_id for scope_id in grant.scope_ids if scope_id in wanted]


def _kept_entries(grant: Grant, details: Any) -> Sequence[int]:
    if not isinstance(details, list) or any(e not in grant.authorization_details for e in details):
        raise InvalidChange(
            "authorization_details can only lose entries, the rest unchanged; other access needs a "
            "new authorization request.",
            field="authorization_details",
        )
    return [i for i, entry in enumerate(grant.authorization_details) if entry in details]
