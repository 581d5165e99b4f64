"""What apps above registration add to the authorization server metadata (CDS-WG3-01 5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registration.catalogue.offers import ScopeOffer, ScopeUrls


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataContext:
    """What a metadata part may look at: the offers shown to this reader and the URL builder."""

    offers: Mapping[str, ScopeOffer]
    urls: ScopeUrls


MetadataPart = Callable[[MetadataContext], Mapping[str, object]]

_metadata_parts: list[MetadataPart] = []


def register_metadata_part(part: MetadataPart) -> None:
    """Add a callable whose mapping joins the authorization server metadata (CDS-WG3-01 5)."""
    if part not in _metadata_parts:
        _metadata_parts.append(part)


def metadata_parts() -> tuple[MetadataPart, ...]:
    """The registered metadata parts, in the order of registration."""
    return tuple(_metadata_parts)
