"""Dynamic client registration (RFC 7591 as CDS-WG1-02 4 changes it)."""

from dataclasses import asdict, dataclass

from django.db import transaction

from portal import audit
from portal.http.bodies import MAX_BODY
from portal.models import User
from portal.values import jsontext
from registration.fields.files import DEFAULT_MAX_SIZE, SubmittedFile
from registration.models import Client, Registration
from registration.services.catalogue.fields import fields_of, store_fields
from registration.services.catalogue.offers import current_offers
from registration.services.clients.website_and_logo import promise_checks
from registration.services.credentials.lifecycle import store_credential
from registration.services.onboarding.start import start_onboarding
from registration.services.registering.create_clients import create_clients
from registration.services.registering.parse_registration import (
    RegistrationRequest,
    parse_registration,
)
from registration.services.storage.room import REGISTRATION_ROWS, take_room
from registration.services.storage.stored_files import no_orphans


@dataclass(frozen=True, slots=True)
class Registered:
    """The result of a registration: admin Client, its secret in plain text, and organization."""

    admin_client: Client
    secret: str
    registration: Registration


def max_body_bytes() -> int:
    """Return the maximum request body: room for texts, and for each file that a field asks for."""
    fields = fields_of(current_offers().values()).values()
    files = [field for field in fields if field.takes_file]
    return MAX_BODY + sum((field.max_size or DEFAULT_MAX_SIZE) * 4 // 3 + 4 for field in files)


@no_orphans()
@transaction.atomic
def register(*, payload: object, by: User | str) -> Registered:
    """Create a Registration with its Clients and Credentials.

    Scopes with requirements get their sandbox Clients now and their production Clients when the
    last requirement is met (CDS-WG1-02 3.4, 4.2). The Messages about requirements are written here.
    Raises InvalidClientMetadata naming the field.
    """
    offers = current_offers()
    request = parse_registration(payload, offers)
    registration = Registration.objects.create(
        name=request.metadata.client_name, contacts=list(request.metadata.contacts)
    )
    _take_room(registration, request)
    store_fields(registration=registration, values=request.values)
    made = create_clients(registration=registration, request=request, offers=offers)
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
        details={
            "scopes": list(request.scopes),
            "clients": [client.client_id for client in made],
        },
    )
    start_onboarding(registration=registration, flows=request.flows, by=by)
    for client in made:
        promise_checks(client=client)
    return Registered(admin, secrets[admin.pk], registration)


def _take_room(registration: Registration, request: RegistrationRequest) -> None:
    """Count the bytes that will be stored: files separately, everything else as text."""
    values = request.values.values()
    files = [value for value in values if isinstance(value, SubmittedFile)]
    texts = [value for value in values if not isinstance(value, SubmittedFile)]
    registration.size = len(jsontext.dumps([texts, asdict(request.metadata)])) + REGISTRATION_ROWS
    size = registration.size + sum(len(file.content) for file in files)
    take_room(registration=registration, size=size)
    registration.save(update_fields=["size"])
