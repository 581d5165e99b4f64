"""What a client credentials request of an administrative Client opens (CDS-WG1-02 3.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from consent.catalogue.details import (
    InvalidAuthorizationDetails,
    InvalidScope,
    RequestedAccess,
    parse_request,
    to_wire,
)
from consent.models import Grant
from consent.services.grants.admin_grant import admin_grant
from registration.catalogue.admin import GRANT_ADMIN
from registration.catalogue.offers import ScopeOffer
from registration.catalogue.types import ScopeKind
from registration.models import Client
from registration.services.catalogue import offers


@dataclass(frozen=True, slots=True)
class AdminAccess:
    """The Client's own Grant, and the Grant that it reaches with it, if that is another.

    `is_new` says that the Client's own Grant was made for this request.
    """

    grant: Grant
    target: Grant | None
    is_new: bool


def open_admin_access(
    *, client: Client, scope_ids: Sequence[str], details: Sequence[Mapping[str, Any]] | None
) -> AdminAccess:
    """Return the Grants of a request for `cds_client_admin` or for a Grant Admin scope.

    Raises InvalidScope for anything that client credentials do not give here, and
    InvalidAuthorizationDetails when the entry names no Grant that the scope opens.
    """
    offered = {
        scope_id: offer
        for scope_id, offer in offers.current_offers().items()
        if scope_id in client.scopes and offer.scope_type.kind is ScopeKind.ADMIN
    }
    accesses = parse_request(list(dict.fromkeys(scope_ids)), details, offered)
    if len(accesses) != 1:
        raise InvalidScope("Ask for exactly one scope per token.", field="scope")
    access = accesses[0]
    is_grant_admin = access.scope_type == GRANT_ADMIN
    target = _target(client, access) if is_grant_admin else None
    entries = [to_wire(access)] if is_grant_admin else []
    grant, is_new = admin_grant(client=client, scope=access.scope_id, authorization_details=entries)
    return AdminAccess(grant, target, is_new)


def _target(client: Client, access: RequestedAccess) -> Grant:
    """CDS-WG1-02 3.3.2: of this party, of that Client, with access, and opened by this scope."""
    grant = (
        Grant.objects.select_related("client__registration")
        .filter(client__registration=client.registration_id)
        .filter(grant_id=access.values["grant_id"], client__client_id=access.values["client_id"])
        .first()
    )
    if grant is None:
        raise InvalidAuthorizationDetails("names no Grant of that Client.", field="grant_id")
    found: Grant = grant
    if not found.enabled_scope or not found.gives_access(timezone.now()):
        raise InvalidAuthorizationDetails(
            f"The Grant is {found.status} and gives no access now.", field="grant_id"
        )
    current: Mapping[str, ScopeOffer] = offers.current_offers()
    for scope_id in found.enabled_scope.split():
        offer = current.get(scope_id)
        if offer is None or offer.grant_admin_scope != access.scope_id:
            raise InvalidAuthorizationDetails(
                f"{scope_id} of the Grant is not opened by {access.scope_id}.", field="grant_id"
            )
    return found
