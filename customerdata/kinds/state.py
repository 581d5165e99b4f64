"""What a source may say of an object: the values of one version."""

from dataclasses import dataclass

from django.db import models

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
