"""Creates the production counterparts of sandbox Clients (CDS-WG1-02 4.2, 6.9).

Onboarding calls this when the last requirement of a scope is met, and staff when they approve a
production request. The sandbox Client itself never changes: a Client is for one environment.
"""

from collections.abc import Collection, Sequence

from django.db import transaction

from portal import audit
from portal.models import User
from registration import urls_of
from registration.errors import InvalidRedirectUri
from registration.models import Client, Registration
from registration.services.catalogue.offers import current_offers
from registration.services.catalogue.purposes import within_scopes
from registration.services.clients.build_client import ClientKind, build_client, metadata_of
from registration.services.clients.website_and_logo import copy_logo, promise_checks
from registration.services.credentials.lifecycle import create_credential
from registration.services.locks import lock_client, lock_registration
from registration.services.messages.write import notify
from registration.validation.redirect_uris import read_redirect_uris


def scopes_in_production(registration: Registration) -> dict[str, Client]:
    """Return the production Client of each scope that has one.

    Disabled ones count: a second one would circumvent the decision to disable it.
    """
    rows = Client.objects.of(registration).filter(cds_status_options__contains=["production"])
    return {scope: client for client in rows.order_by("-pk") for scope in client.scopes}


def production_links(registration: Registration, scopes: Sequence[str]) -> dict[str, str]:
    """Return the link to the production Client of one of the scopes, or {} without one."""
    live = scopes_in_production(registration)
    client = next((live[scope] for scope in scopes if scope in live), None)
    if client is None:
        return {}
    return {"related_type": "client", "related_uri": urls_of.client_uri(client.client_id)}


@transaction.atomic
def create_production_clients(
    *, registration: Registration, scopes: Collection[str], by: User | str
) -> list[Client]:
    """Create production Clients for the eligible scopes, from all enabled sandbox Clients."""
    lock_registration(registration.pk)
    sandboxes = Client.objects.of(registration).filter(cds_status=Client.Status.SANDBOX)
    made = [
        create_production_client(sandbox=sandbox, scopes=scopes, by=by)
        for sandbox in sandboxes.select_related("registration").order_by("pk")
    ]
    return [client for client in made if client is not None]


@transaction.atomic
def create_production_client(
    *, sandbox: Client, scopes: Collection[str], by: User | str
) -> Client | None:
    """Create a production Client from a sandbox Client, with Credential and Messages.

    It gets those of the scopes that the sandbox Client has, that are offered, and that are not in
    production yet. Returns None if there are none.
    """
    sandbox = lock_client(sandbox)
    live, offers = scopes_in_production(sandbox.registration), current_offers()
    wanted = [s for s in sandbox.scopes if s in scopes and s in offers and s not in live]
    if not wanted:
        return None
    made = _counterpart(sandbox, wanted)
    made.save(force_insert=True)
    audit.record(
        "client.created",
        by=by,
        subject=f"client:{made.client_id}",
        registration=made.registration.registration_id,
        details={"scopes": wanted, "environment": made.environment, "sandbox": sandbox.client_id},
    )
    notify(
        registration=made.registration,
        name="Client added",
        description=f"The production Client {made.client_name} was created for: {made.scope}.",
        related_type="client",
        related_uri=urls_of.client_uri(made.client_id),
    )
    if made.token_endpoint_auth_method == Client.AuthMethod.BASIC:
        create_credential(client=made, by=by)
    copy_logo(sandbox=sandbox, made=made)
    promise_checks(client=made)
    return made


def _counterpart(sandbox: Client, scopes: Sequence[str]) -> Client:
    kind = ClientKind(
        response_types=tuple(sandbox.response_types),
        grant_types=tuple(sandbox.grant_types),
        auth_method=sandbox.token_endpoint_auth_method,
        environment=Client.Status.PRODUCTION.value,
        is_admin=False,
    )
    made = build_client(
        registration=sandbox.registration,
        kind=kind,
        scopes=scopes,
        metadata=metadata_of(sandbox),
        purposes=within_scopes(sandbox.purposes, offers=current_offers(), scopes=scopes),
    )
    # The choices of the developer or staff for the sandbox Client override the server's defaults.
    made.website_confirmed = sandbox.website_confirmed
    made.default_scope = _default_scope(sandbox, scopes)
    made.default_authorization_details = [
        entry for entry in sandbox.default_authorization_details if entry.get("type") in scopes
    ]
    made.pkce_required = sandbox.pkce_required
    made.registration_source = sandbox.registration_source
    if made.response_types:
        _set_redirects(made, sandbox)
    return made


def _default_scope(sandbox: Client, scopes: Sequence[str]) -> str:
    """A default scope list that would be empty becomes the server's default: all scopes."""
    wanted = sandbox.default_scope.split()
    return " ".join([scope for scope in wanted if scope in scopes] or scopes) if wanted else ""


def _set_redirects(made: Client, sandbox: Client) -> None:
    """Keep the URIs that production allows; loopback ones are only for the sandbox."""
    own = urls_of.default_redirect_uri(made.client_id)
    kept = [uri for uri in sandbox.redirect_uri_list if _is_allowed(uri, made, sandbox)]
    default = sandbox.cds_default_redirect_uri
    made.redirect_uri_list = [own, *kept]
    made.cds_default_redirect_uri = default if default in kept else own


def _is_allowed(uri: str, made: Client, sandbox: Client) -> bool:
    if uri == urls_of.default_redirect_uri(sandbox.client_id):
        return False
    try:
        read_redirect_uris([uri], default="", is_public=made.is_public, is_sandbox=False)
    except InvalidRedirectUri:
        return False
    return True
