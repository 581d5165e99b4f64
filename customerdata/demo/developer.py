"""What the demo utility offers, its territories, and the developer who uses it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.utils import timezone

from consent.catalogue.demo_offers import demo_offers
from customerdata.demo.people import person
from customerdata.demo.structure import BY, ENTITY
from registration.catalogue.offers import ScopeOffer
from registration.fields.standard import REGISTRATION_FEE, standard_fields
from registration.fields.types import RegistrationField
from registration.models import Client, Credential, Registration, RegistrationMember
from registration.services.catalogue.fields import set_field
from registration.services.catalogue.offers import load_offers
from registration.services.clients.create_production import create_production_client
from registration.services.metadata.coverage import save_coverage_entry
from registration.services.registering.register import register

APP_NAME = "Demo Energy App"
_SCOPES = "cds_client_admin cds_service_contracts cds_usage"


@dataclass(frozen=True, slots=True)
class Territory:
    """A coverage entry: the service delivered inside a polygon of (longitude, latitude) points."""

    entry_id: str
    name: str
    commodity: str
    description: str
    corners: tuple[tuple[float, float], ...]

    def values(self) -> Mapping[str, Any]:
        """Return the columns of the coverage entry."""
        ring = [list(corner) for corner in (*self.corners, self.corners[0])]
        return {
            "entity_name": ENTITY["entity_name"],
            "entity_abbreviation": ENTITY["entity_abbreviation"],
            "entity_number": ENTITY["entity_number"],
            "country": "US",
            "name": self.name,
            "description": self.description,
            "type": "geographic",
            "role": "authoritative",
            "infrastructure_types": ["distribution_utility", "metering_provider", "supplier"],
            "commodity_types": [self.commodity],
            "capabilities": ["oauth"],
            "geojson": {"type": "Polygon", "coordinates": [ring]},
        }


TERRITORIES = (
    Territory(
        "dge-electric",
        "Electric territory",
        "electricity",
        "Homes and businesses that get electricity from Demo Gas & Electric.",
        ((-122.1, 38.3), (-121.4, 38.3), (-121.3, 38.7), (-121.7, 38.9), (-122.1, 38.8)),
    ),
    Territory(
        "dge-gas",
        "Gas territory",
        "natural_gas",
        "Homes and businesses that get natural gas from Demo Gas & Electric.",
        ((-121.95, 38.4), (-121.5, 38.4), (-121.5, 38.75), (-121.95, 38.75)),
    ),
)


def offers() -> dict[str, ScopeOffer]:
    """Return what the demo utility offers in its territories."""
    return demo_offers(coverages=tuple(area.entry_id for area in TERRITORIES))


def offers_digest() -> str:
    """Return a text that changes whenever the coded offers, fee or territories change."""
    return hashlib.sha256(repr((offers(), fee(), TERRITORIES)).encode()).hexdigest()


def fee() -> RegistrationField:
    """Return the demo utility's registration fee: small, and paid by invoice."""
    return replace(
        standard_fields()[REGISTRATION_FEE],
        description="A small fee for setting up production access, paid once by invoice.",
        amount=Decimal("25.00"),
    )


def publish_offers() -> None:
    """Write territories, fee and offers as the code defines them."""
    set_field(field=fee(), by=BY)
    for area in TERRITORIES:
        save_coverage_entry(entry_id=area.entry_id, values=area.values(), by=BY)
    load_offers(offers().values(), by=BY)


def make_developer() -> None:
    """Register an app for dev: a sandbox Client and a production Client, each with a secret."""
    dev = person("dev")
    if Registration.objects.filter(memberships__user=dev).exists():
        return
    registered = register(
        payload={
            "scope": _SCOPES,
            "client_name": APP_NAME,
            "contacts": [dev.email],
            "client_uri": "https://app.example.com/",
            "tos_uri": "https://app.example.com/terms",
            "policy_uri": "https://app.example.com/privacy",
        },
        by=dev,
    )
    RegistrationMember.objects.create(
        registration=registered.registration, user=dev, role=RegistrationMember.Role.OWNER
    )
    create_production_client(sandbox=sandbox_credential().client, scopes=_SCOPES.split(), by=BY)
    Client.objects.of(registered.registration).update(website_confirmed=timezone.now())


def sandbox_credential() -> Credential:
    """Return the newest usable secret of dev's sandbox Client. Raises Credential.DoesNotExist."""
    usable = Credential.objects.usable(timezone.now()).filter(
        client__registration__memberships__user=person("dev"),
        client__cds_status=Client.Status.SANDBOX,
    )
    credential: Credential = usable.select_related("client").latest("created")
    return credential
