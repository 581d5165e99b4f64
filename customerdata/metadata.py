"""CDS-WG3-01 5: what the authorization server metadata says of these APIs."""

from collections.abc import Iterable, Mapping

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from customerdata.kinds.registry import KINDS
from registration.catalogue.metadata_parts import MetadataContext
from registration.catalogue.offers import ScopeOffer


def customer_data_part(context: MetadataContext) -> Mapping[str, object]:
    """Return the version and the URLs of the listings that the offered scopes can open."""
    needed = _include_fields(context.offers.values())
    part: dict[str, object] = {}
    for kind in KINDS:
        url = _url(kind.path)
        if kind.include in needed and url:
            part |= {kind.metadata: url, **kind.more_metadata}
    return {"cds_customerdata_version": "v1", **part} if part else {}


def _include_fields(offers: Iterable[ScopeOffer]) -> set[str]:
    """Return the include fields that any scope offers, and those that they imply."""
    needed: set[str] = set()
    for offer in offers:
        fields = {entry.id for entry in offer.fields} | set(offer.scope_type.implied)
        # Contracts and meters together include the service points between them (7.2.2, 7.2.4).
        if {"include_service_contracts", "include_meter_devices"} <= fields:
            fields.add("include_service_points")
        needed |= fields
    return needed


def _url(name: str) -> str:
    """Return a listing's absolute URL, empty if this deployment does not have the listing."""
    try:
        return f"{settings.BASE_URL}{reverse(f'customerdata:{name}')}"
    except NoReverseMatch:
        return ""
