"""What other apps add to the authorization server metadata (CDS-WG3-01 5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portal.registries import Registry
from registration.catalogue.offers import ScopeOffer, ScopeUrls


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataContext:
    """What a metadata part can use: the offers shown to this reader and the URL builder."""

    offers: Mapping[str, ScopeOffer]
    urls: ScopeUrls


MetadataPart = Callable[[MetadataContext], Mapping[str, object]]
"""Returns members to add to the authorization server metadata (CDS-WG3-01 5)."""

metadata_parts: Registry[MetadataPart] = Registry("parts of the metadata")
