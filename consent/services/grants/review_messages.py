"""The Messages of reviews of Grants (CDS-WG1-02 6.2, 8.6); who decides is in review."""

from collections.abc import Mapping
from typing import Any

from consent.models import Grant
from portal import audit
from portal.models import User
from registration.models import Message
from registration.models.message_states import PENDING, REJECTED
from registration.services.messages.write import open_field_changes, update_request


def open_review(
    grant: Grant, *, changes: Mapping[str, tuple[Any, Any]], uri: str, by: User | str
) -> Message:
    """Write the field_changes Message of a locked Grant; `changes` are old and new by field."""
    updates = [
        {"field": field, "previous_value": old, "new_value": new}
        for field, (old, new) in changes.items()
    ]
    names = ", ".join(changes)
    message = open_field_changes(
        client=grant.client,
        description=f"The utility reviews these changes of the Grant {grant.grant_id}: {names}.",
        updates_requested=updates,
        related_type="grant",
        related_uri=uri,
    )
    audit.record(
        "grant.review_opened",
        by=by,
        subject=f"grant:{grant.grant_id}",
        registration=grant.client.registration.registration_id,
        details={"message": message.message_id, "fields": list(changes)},
    )
    return message


def close_review(grant: Grant, *, why: str, by: User | str) -> None:
    """Answer the review of a locked Grant, if there is one: there is nothing left to decide.

    The caller saves the row.
    """
    if grant.review is not None and grant.review.status == PENDING:
        update_request(message=grant.review, status=REJECTED, description=why, by=by)
    grant.review, grant.reviewed_from = None, ""
