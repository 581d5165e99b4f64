"""What a source may say of an object: the values of one version."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from customerdata.models.bill_statement import CURRENCY
from portal.errors import DomainError


class InvalidStructure(DomainError):
    """The utility's systems said something that the standard has no place for."""

    code = "invalid_structure"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Base of what a source says of one object."""

    def check(self) -> None:
        """Raises InvalidStructure for what no object of the kind may say."""


def check_choice(value: str, choices: type[models.TextChoices]) -> None:
    """Raises InvalidStructure for a value that a closed list of the standard does not have."""
    if value not in choices.values:
        raise InvalidStructure(f"{value!r} is not one of {', '.join(choices.values)}.")


def check_currency(code: str) -> None:
    """Raises InvalidStructure for what is no currency code (ISO 4217)."""
    if not re.fullmatch(CURRENCY, code):
        raise InvalidStructure(f"{code!r} is not a currency code such as USD.")


def check_objects(
    name: str, objects: Iterable[Mapping[str, Any]], required: frozenset[str]
) -> None:
    """Raises InvalidStructure when an object of a list lacks what the standard requires of it."""
    for each in objects:
        if missing := required - each.keys():
            raise InvalidStructure(f"{name}: an object has no {', '.join(sorted(missing))}.")
