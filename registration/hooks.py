"""What registration needs from other apps, which register it in their `AppConfig.ready()`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from portal.registries import Registry
from registration.catalogue.offers import ScopeOffer

DetailsValidator = Callable[[Sequence[Mapping[str, Any]], Mapping[str, ScopeOffer]], None]
"""Checks default authorization details against the offers of a Client.

Raises ValueError or a DomainError whose message names the field and the rule it breaks.
"""

details_validators: Registry[DetailsValidator] = Registry("checks of default details")


def check_details(details: Sequence[Mapping[str, Any]], offers: Mapping[str, ScopeOffer]) -> None:
    """Run every registered check. Raises what they raise."""
    for validator in details_validators:
        validator(details, offers)
