"""Dynamic client registration (RFC 7591 as CDS-WG1-02 4 changes it)."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction

from portal import audit
from portal.http.bodies import MAX_BODY
from portal.models import User
from portal.values import jsontext
from registration.catalogue.admin import CLIENT_ADMIN
from registration.catalogue.offers import ScopeOffer
from registration.errors import InvalidClientMetadata
from registration.fields.files import DEFAULT_MAX_SIZE, SubmittedFile
from registration.fields.values import Value
from registration.models import Client, Registration
from registration.services.catalogue.fields import (
    fields_of,
    read_fields,
    required_flows,
    store_fields,
    submitted_purposes,
)
from registration.services.catalogue.offers import Offers, current_offers
from registration.services.catalogue.purposes import initial_purposes
from registration.services.clients.website_and_logo import promise_checks
from registration.services.credentials.lifecycle import store_credential
from registration.services.onboarding.start import check_contacts, start_onboarding
from registration.services.registering.create_clients import create_client, grouped
from registration.services.storage.room import REGISTRATION_ROWS, take_room
from registration.services.storage.stored_files import no_orphans
from registration.validation.client_metadata import (
    ClientMetadata,
    read_client_metadata,
    read_scopes,
    read_strings,
    read_text,
    require_object,
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration made: the admin Client, its secret in clear, and the organisation."""

    admin_client: Client
    secret: str
    registration: Registration


def max_body_bytes() -> int:
    """Return the longest request body: room for texts, and for each file that a field asks for."""
    fields = fields_of(current_offers().values()).values()
    files = [field for field in fields if field.takes_file]
    return MAX_BODY + sum((field.max_size or DEFAULT_MAX_SIZE) * 4 // 3 + 4 for field in files)


@no_orphans()
@transaction.atomic
def register(*, payload: object, by: User | str) -> Registered:
    """Create a Registration with its Clients and Credentials.

    Scopes with requirements get their sandbox Clients now and their production Clients when the
    last requirement is met (CDS-WG1-02 3.4, 4.2); the Messages about requirements are written here.
    Raises InvalidClientMetadata naming the field. Submitted redirect_uris are ignored and unknown
    fields too (CDS-WG1-02 4.1, RFC 7591 2).
    """
    fields = require_object(payload)
    metadata = read_client_metadata(fields)
    offers = current_offers()
    scopes = _requested_scopes(fields, offers)
    wanted = [offers[scope] for scope in scopes]
    method = _requested_auth_method(fields, wanted)
    values = read_fields(fields, wanted)
    flows = required_flows(wanted)
    check_contacts(flows=flows, contacts=metadata.contacts)
    registration = Registration.objects.create(
        name=metadata.client_name, contacts=list(metadata.contacts)
    )
    _take_room(registration, metadata, values)
    store_fields(registration=registration, values=values)
    written = submitted_purposes(values)
    made = [
        create_client(
            registration=registration,
            kind=kind,
            scopes=members,
            metadata=metadata,
            client_purposes=initial_purposes(offers=offers, scopes=members, written=written),
        )
        for kind, members in grouped(scopes, offers, method).items()
    ]
    secrets = {
        client.pk: store_credential(client=client, by=by)[1]
        for client in made
        if client.token_endpoint_auth_method == Client.AuthMethod.BASIC
    }
    admin = next(client for client in made if client.is_admin)
    audit.record(
        "registration.created",
        by=by,
        subject=f"registration:{registration.registration_id}",
        registration=registration.registration_id,
        details={"scopes": scopes, "clients": [client.client_id for client in made]},
    )
    start_onboarding(registration=registration, flows=flows, by=by)
    for client in made:
        promise_checks(client=client)
    return Registered(admin, secrets[admin.pk], registration)


def _take_room(
    registration: Registration, metadata: ClientMetadata, values: Mapping[str, Value]
) -> None:
    """Count what is going to be stored: files by themselves, all else as text."""
    files = [value for value in values.values() if isinstance(value, SubmittedFile)]
    texts = [value for value in values.values() if not isinstance(value, SubmittedFile)]
    registration.size = len(jsontext.dumps([texts, asdict(metadata)])) + REGISTRATION_ROWS
    size = registration.size + sum(len(file.content) for file in files)
    take_room(registration=registration, size=size)
    registration.save(update_fields=["size"])


def _requested_scopes(fields: Mapping[str, Any], offers: Offers) -> list[str]:
    """Return the scopes with the grant admin scopes they need (CDS-WG1-02 4.1, 4.2)."""
    scopes = read_scopes(fields, "scope")
    available = " ".join(offers)
    if not scopes or CLIENT_ADMIN not in scopes:
        raise InvalidClientMetadata(
            f"scope must contain {CLIENT_ADMIN}. Available: {available}.", field="scope"
        )
    unknown = [scope for scope in scopes if scope not in offers]
    if unknown:
        raise InvalidClientMetadata(
            f"scope contains unknown scopes: {' '.join(unknown)[:500]}. Available: {available}.",
            field="scope",
        )
    needed = [offers[scope].grant_admin_scope for scope in scopes]
    return list(dict.fromkeys([*scopes, *(scope for scope in needed if scope)]))


def _requested_auth_method(fields: Mapping[str, Any], offers: Iterable[ScopeOffer]) -> str | None:
    """Return the wanted way of authentication, None when the client has no wish.

    The server decides about grant and response types; only their form is checked.
    """
    for name in ("grant_types", "response_types"):
        read_strings(fields, name, limit=100, most=20)
    method = read_text(fields, "token_endpoint_auth_method", limit=100)
    if not method:
        return None
    offered = {name for offer in offers for name in offer.auth_methods}
    if method not in offered:
        raise InvalidClientMetadata(
            f'token_endpoint_auth_method "{method}" is not offered for these scopes. '
            f"Available: {', '.join(sorted(offered))}.",
            field="token_endpoint_auth_method",
        )
    return method
