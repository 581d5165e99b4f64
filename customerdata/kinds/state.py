"""What a source states about an object: the values of one version."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models

from customerdata.models.bill_statement import CURRENCY
from portal.errors import DomainError


class InvalidStructure(DomainError):
    """The utility's systems stated something that the standard does not allow."""

    code = "invalid_structure"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Base of what a source states about one object."""

    def check(self) -> None:
        """Raises InvalidStructure for values that an object of the kind cannot have."""


def check_choice(value: str, choices: type[models.TextChoices]) -> None:
    """Raises InvalidStructure for a value that is not in the standard's closed list."""
    if value not in choices.values:
        raise InvalidStructure(f"{value!r} is not one of {', '.join(choices.values)}.")


def check_currency(code: str) -> None:
    """Raises InvalidStructure if this is not a currency code (ISO 4217)."""
    if not re.fullmatch(CURRENCY, code):
        raise InvalidStructure(f"{code!r} is not a currency code such as USD.")


def check_objects(
    name: str, objects: Iterable[Mapping[str, Any]], required: frozenset[str]
) -> None:
    """Raises InvalidStructure if an object of a list lacks a required field."""
    for each in objects:
        if missing := required - each.keys():
            raise InvalidStructure(f"{name}: an object has no {', '.join(sorted(missing))}.")
