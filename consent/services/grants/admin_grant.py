"""Grants that a Client credentials request makes for itself: nobody has to agree to them."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consent.catalogue.access import resolution_of
from consent.models import Grant
from consent.services.grants.lifecycle import open_fully, record_change
from portal.crypto import digest
from portal.db.prepared import Prepared
from portal.values.jsontext import dumps
from registration.models import Client
from registration.services.catalogue.offers import current_offers


def admin_grant(
    *, client: Client, scope: str, authorization_details: list[dict[str, Any]]
) -> tuple[Grant, bool]:
    """Return the Grant of a client credentials request, and whether it was made for it.

    Identical requests share one (decision 14). Two requests at once meet in a unique constraint,
    not in a second Grant.
    """
    wanted = dumps([scope, authorization_details]).decode()
    key = digest(wanted, purpose="grant-request")
    found = _admin_grant.first(client.client_id, key)
    grant, is_new = (
        (found, False)
        if found is not None
        else _make_admin_grant(client, scope, authorization_details, key)
    )
    grant.client = client
    return grant, is_new


# What a token says of its Grant: what was authorized, or is asked for instead.
_AUTHORIZED = ("scope", "authorization_details", "asked_scope", "asked_authorization_details")


def _live_request(client_id: str, key: str) -> QuerySet[Grant]:
    # In the words of the index, so that it serves whatever digest is asked for.
    live: QuerySet[Grant] = Grant.objects.live().exclude(request_digest="")
    rows = live.filter(client__client_id=client_id, request_digest=key)
    return rows.only("grant_id", "expires", *_AUTHORIZED)


_admin_grant = Prepared(_live_request, keys=2)


@transaction.atomic
def _make_admin_grant(
    client: Client, scope: str, authorization_details: list[dict[str, Any]], key: str
) -> tuple[Grant, bool]:
    now = timezone.now()
    made = Grant(
        client=client,
        status=Grant.Status.ACTIVE,
        scope=scope,
        authorization_details=authorization_details,
        resolution=resolution_of(scope, authorization_details, current_offers()),
        request_digest=key,
        created=now,
        modified=now,
    )
    open_fully(made)
    Grant.objects.bulk_create([made], ignore_conflicts=True)
    grant: Grant = Grant.objects.live().get(client=client, request_digest=key)
    is_new = grant.grant_id == made.grant_id
    if is_new:
        record_change(
            grant, "created", by=f"client:{client.client_id}", scope=scope, status=grant.status
        )
    return grant, is_new
