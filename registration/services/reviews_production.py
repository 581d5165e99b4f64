"""Production requests: from a sandbox Client to a Client that may ask real customers (6.9)."""

from collections.abc import Sequence

from django.utils import timezone

from portal import audit
from portal.models import User
from portal.times import format_datetime
from registration import addresses
from registration.errors import InvalidRedirectUri, InvalidRequest
from registration.models import Client, Message
from registration.models.onboarding import Requirement
from registration.redirects import read_redirect_uris
from registration.services.credentials import store_credential
from registration.services.message_handlers import Options, Outcome, RequestHandler
from registration.services.messages import notify
from registration.services.offers import current_offers
from registration.services.purposes import within_scopes


def check_production_request(request: Message) -> None:
    """6.9: it names an enabled sandbox Client for which none is waiting. Raises InvalidRequest."""
    client = request.client
    if client is None or Client.Status.SANDBOX not in client.cds_status_options:
        raise InvalidRequest(
            "related_uri must be the cds_client_uri of one of your sandbox Clients.",
            field="related_uri",
        )
    if not client.is_enabled:
        raise InvalidRequest(
            "related_uri: this Client is disabled; enable it first.", field="related_uri"
        )
    waiting = Message.objects.filter(type="production_request", status="pending", client=client)
    if waiting.exists():
        raise InvalidRequest(
            "related_uri: a production request for this Client is waiting already.",
            field="related_uri",
        )


def approve_production_request(request: Message, options: Options, by: User | str) -> Outcome:
    """Create the production counterpart of the sandbox Client, with a Credential where it uses one.

    The sandbox Client stays as it is: environments never mix. Scopes whose registration
    requirements are not met are left out (3.4). Raises InvalidRequest when that leaves none, and
    when the sandbox Client was disabled meanwhile.
    """
    if request.client_id is None:
        raise InvalidRequest("This request names no Client.", field="related_uri")
    sandbox = (
        Client.objects.select_for_update(of=("self",))
        .select_related("registration")
        .get(pk=request.client_id)
    )
    if not sandbox.is_enabled or sandbox.environment != Client.Status.SANDBOX:
        raise InvalidRequest("The sandbox Client of this request is disabled.", field="related_uri")
    unmet = Requirement.objects.of(sandbox.registration).unmet()
    held_back = {scope for each in unmet for scope in each.scopes}
    ready = [scope for scope in sandbox.scopes if scope not in held_back]
    if not ready:
        missing = ", ".join(each.field_id for each in unmet)
        raise InvalidRequest(f"Requirements of all its scopes are missing: {missing}.")
    made = create_production_client(sandbox=sandbox, scopes=ready, by=by)
    return Outcome(
        description=_approval_text(made, [s for s in sandbox.scopes if s in held_back]),
        related_type="client",
        related_uri=addresses.client_uri(made.client_id),
    )


def _approval_text(made: Client, left_out: Sequence[str]) -> str:
    text = (
        f"Production access is approved. The new Client {made.client_id} has its own "
        "credentials; the sandbox Client keeps working with test accounts."
    )
    if left_out:
        text += f" It is without {', '.join(left_out)}, whose requirements are not met yet."
    return text


def create_production_client(
    *, sandbox: Client, scopes: Sequence[str] | None = None, by: User | str
) -> Client:
    """Copy what describes a sandbox Client into a new production Client and give it a secret.

    `scopes` narrows what the new Client gets; None means all of the sandbox Client's.
    """
    made = _counterpart(sandbox, sandbox.scopes if scopes is None else scopes)
    made.save(force_insert=True)
    audit.record(
        "client.created",
        by=by,
        subject=f"client:{made.client_id}",
        registration=made.registration.registration_id,
        details={"sandbox": sandbox.client_id, "scopes": made.scopes},
    )
    notify(
        registration=made.registration,
        name="Client added",
        description=f"The production Client {made.client_name} was created.",
        related_type="client",
        related_uri=addresses.client_uri(made.client_id),
    )
    if made.token_endpoint_auth_method == Client.AuthMethod.BASIC:
        credential, _ = store_credential(client=made, by=by)
        notify(
            registration=made.registration,
            name="Credential added",
            description=(
                f"A secret was created for the production Client {made.client_name} "
                f"at {format_datetime(credential.created)}."
            ),
            related_type="credential",
            related_uri=addresses.credential_uri(credential.credential_id),
        )
    return made


def _counterpart(sandbox: Client, scopes: Sequence[str]) -> Client:
    now = timezone.now()
    made = Client(
        registration=sandbox.registration,
        created=now,
        modified=now,
        name=sandbox.name,
        contacts=list(sandbox.contacts),
        client_uri=sandbox.client_uri,
        logo_uri=sandbox.logo_uri,
        tos_uri=sandbox.tos_uri,
        policy_uri=sandbox.policy_uri,
        website_confirmed=sandbox.website_confirmed,
        scopes=[scope for scope in sandbox.scopes if scope in scopes],
        response_types=list(sandbox.response_types),
        grant_types=list(sandbox.grant_types),
        token_endpoint_auth_method=sandbox.token_endpoint_auth_method,
        cds_status=Client.Status.PRODUCTION,
        cds_status_options=[Client.Status.PRODUCTION.value, Client.Status.DISABLED.value],
        default_scope=" ".join(s for s in sandbox.default_scope.split() if s in scopes),
        default_authorization_details=[
            entry for entry in sandbox.default_authorization_details if entry.get("type") in scopes
        ],
        purposes=within_scopes(sandbox.purposes, offers=current_offers(), scopes=scopes),
        pkce_required=sandbox.pkce_required,
        client_type=sandbox.client_type,
        authorization_grant_type=sandbox.authorization_grant_type,
        registration_source=sandbox.registration_source,
    )
    if made.response_types:
        made.cds_default_redirect_uri = addresses.default_redirect_uri(made.client_id)
        made.redirect_uri_list = [
            made.cds_default_redirect_uri,
            *_redirects_for_production(sandbox, made),
        ]
    return made


def _redirects_for_production(sandbox: Client, made: Client) -> list[str]:
    """Keep what production allows; the developer's own machine stays in the sandbox."""
    server_made = addresses.default_redirect_uri(sandbox.client_id)
    kept: list[str] = []
    for uri in sandbox.redirect_uri_list:
        if uri == server_made:
            continue
        try:
            kept += read_redirect_uris(
                [uri],
                default=made.cds_default_redirect_uri,
                is_public=made.is_public,
                is_sandbox=False,
            )
        except InvalidRedirectUri:
            continue
    return [uri for uri in dict.fromkeys(kept) if uri != made.cds_default_redirect_uri]


HANDLER = RequestHandler(approve=approve_production_request, check=check_production_request)
