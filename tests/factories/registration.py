"""Organisations, their Clients and secrets."""

from typing import Any

from factory.declarations import (
    LazyAttribute,
    LazyFunction,
    SelfAttribute,
    Sequence,
    SubFactory,
    Trait,
)
from factory.django import DjangoModelFactory

from portal import crypto
from registration import urls_of
from registration.models import Client, CoverageEntry, Credential, Message, Registration

CONSENT_SCOPES = ["cds_service_contracts", "cds_usage"]
AREA = {
    "type": "Polygon",
    "coordinates": [
        [[-122.5, 37.5], [-121.5, 37.5], [-121.5, 38.5], [-122.5, 38.5], [-122.5, 37.5]]
    ],
}


class RegistrationFactory(DjangoModelFactory[Registration]):
    """A third party."""

    class Meta:
        model = Registration

    name = Sequence(lambda n: f"Solar Helper {n}")
    contacts = LazyFunction(lambda: ["ops@solar.example"])


class ClientFactory(DjangoModelFactory[Client]):
    """A Client; with a trait one that works, without the grant admin Client of the demo offers."""

    class Meta:
        model = Client

    class Params:
        admin = Trait(scopes=["cds_client_admin"], cds_status_options=["production"])
        consent = Trait(
            scopes=CONSENT_SCOPES,
            response_types=["code"],
            grant_types=["authorization_code", "refresh_token"],
            authorization_grant_type=Client.GRANT_AUTHORIZATION_CODE,
            cds_status="sandbox",
            cds_status_options=["sandbox", "disabled"],
            default_scope=" ".join(CONSENT_SCOPES),
            cds_default_redirect_uri=LazyAttribute(
                lambda client: urls_of.default_redirect_uri(client.client_id)
            ),
            redirect_uri_list=LazyAttribute(
                lambda client: [urls_of.default_redirect_uri(client.client_id)]
            ),
        )
        public = Trait(
            consent=True,
            token_endpoint_auth_method="none",
            client_type=Client.CLIENT_PUBLIC,
            pkce_required=True,
        )
        production = Trait(cds_status="production", cds_status_options=["production", "disabled"])

    registration = SubFactory(RegistrationFactory)
    client_id = Sequence(lambda n: f"cl_test{n}")
    name = SelfAttribute("registration.name")
    contacts = LazyFunction(lambda: ["ops@solar.example"])
    scopes = LazyFunction(lambda: ["cds_grant_admin_1"])
    token_endpoint_auth_method = "client_secret_basic"
    grant_types = LazyFunction(lambda: ["client_credentials"])
    client_type = Client.CLIENT_CONFIDENTIAL
    authorization_grant_type = Client.GRANT_CLIENT_CREDENTIALS
    cds_status = "production"
    cds_status_options = LazyFunction(lambda: ["production", "disabled"])


class CredentialFactory(DjangoModelFactory[Credential]):
    """A secret, readable in tests as `credential.secret`."""

    class Meta:
        model = Credential

    class Params:
        plain = LazyFunction(crypto.new_secret)

    client = SubFactory(ClientFactory)
    secret_ciphertext = LazyAttribute(lambda o: crypto.encrypt(o.plain))
    secret_digest = LazyAttribute(lambda o: crypto.digest(o.plain, purpose="client_secret"))


class MessageFactory(DjangoModelFactory[Message]):
    """A Message of the server."""

    class Meta:
        model = Message

    registration = SubFactory(RegistrationFactory)
    type = "private_message"
    status = "complete"
    name = "Client modified"
    description = "Something changed."


class CoverageEntryFactory(DjangoModelFactory[CoverageEntry]):
    """An area with a map."""

    class Meta:
        model = CoverageEntry

    entry_id = Sequence(lambda n: f"area-{n}")
    entity_name = "Demo Gas & Electric"
    entity_abbreviation = "DG&E"
    country = "US"
    name = "Electric territory"
    type = "geographic"
    role = "authoritative"
    geojson: Any = LazyFunction(lambda: AREA)
