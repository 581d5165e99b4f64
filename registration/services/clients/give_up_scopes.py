"""Scopes that a Client gives up and takes back (CDS-WG1-02 5.5, decision 59).

The scopes that a Client was given stay registered: it can give them up at any time and take them
back. In production, scopes that staff reviewed before are reviewed again when they are taken back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from registration.catalogue.types import ScopeKind
from registration.errors import InvalidClientMetadata
from registration.models import Client
from registration.services.catalogue.fields import current_fields
from registration.services.catalogue.offers import current_offers
from registration.services.clients.create_production import scopes_in_production
from registration.validation.client_metadata import read_scopes

FIELD: Final = "scope"
# They work in production from registration on; nobody reviews them.
_NEVER_REVIEWED = frozenset({ScopeKind.ADMIN, ScopeKind.SERVER_GRANTED})


def read_scope(*, client: Client, fields: Mapping[str, Any]) -> list[str]:
    """Return the new scopes of a Client; absent means unchanged (decision 23).

    Raises InvalidClientMetadata: scopes other than the registered ones need a new registration.
    """
    scopes = read_scopes(fields, FIELD)
    if scopes is None or set(scopes) == set(client.scopes):
        return list(client.scopes)
    available = _available(client)
    more = [scope for scope in scopes if scope not in available]
    if more:
        raise _refused(
            f"can only contain scopes that this Client registered, and {' '.join(more)[:500]} is "
            f"not one of them. Available: {' '.join(available)}"
        )
    if client.is_admin:
        raise _refused(f"of this Client must stay {client.scope}")
    if not scopes:
        raise _refused("must keep at least one scope; set cds_status to disabled instead")
    return [scope for scope in available if scope in scopes]


def _available(client: Client) -> list[str]:
    """Return the scopes that a Client has, and those it can take back.

    A scope that another production Client took over stays there: no scope gets two.
    """
    live = scopes_in_production(client.registration) if _is_production(client) else {}
    offers = current_offers()
    return [
        scope
        for scope in client.held_scopes
        if scope in client.scopes or (scope in offers and live.get(scope, client) == client)
    ]


def scopes_at_once(client: Client, wanted: Sequence[str]) -> list[str]:
    """Return the scopes that need no approval: all but those that were reviewed before."""
    return [scope for scope in wanted if scope in client.scopes or not _is_reviewed(client, scope)]


def scopes_after_review(client: Client, asked: Sequence[str], before: Sequence[str]) -> list[str]:
    """Return the scopes after an approval: the requested ones in addition to the current ones.

    Scopes that the Client has since given up, or lost to another Client, are not restored.
    """
    gained = set(asked) - set(before)
    return [s for s in _available(client) if s in client.scopes or s in gained]


def _is_reviewed(client: Client, scope: str) -> bool:
    """Whether staff decided that a scope goes to production, in a step or because it has none."""
    offer = current_offers()[scope]
    if not _is_production(client) or offer.scope_type.kind in _NEVER_REVIEWED:
        return False
    known = current_fields()
    required = [known[name] for name in offer.registration_requirements if name in known]
    steps = [field for field in required if field.is_flow]
    return not steps or any(step.waits_for_staff for step in steps)


def _is_production(client: Client) -> bool:
    return client.environment == Client.Status.PRODUCTION


def _refused(rule: str) -> InvalidClientMetadata:
    return InvalidClientMetadata(f"{FIELD} {rule}.", field=FIELD)
