"""What registration needs from the apps below it, plugged in from their `AppConfig.ready()`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from registration.catalogue.offers import ScopeOffer

DetailsValidator = Callable[[Sequence[Mapping[str, Any]], Mapping[str, ScopeOffer]], None]
"""Checks default authorization details against the offers of a Client.

Raises ValueError or a DomainError whose message names the field and the rule it breaks.
"""

_details_validators: list[DetailsValidator] = []


def register_details_validator(validator: DetailsValidator) -> None:
    """Add a check of `cds_default_authorization_details`; the same one twice counts once."""
    if validator not in _details_validators:
        _details_validators.append(validator)


def check_details(details: Sequence[Mapping[str, Any]], offers: Mapping[str, ScopeOffer]) -> None:
    """Run every registered check. Raises what they raise."""
    for validator in _details_validators:
        validator(details, offers)
