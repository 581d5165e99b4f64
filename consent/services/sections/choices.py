"""What a customer has ticked so far, kept with the request while the form is open."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_QUERY = 200


@dataclass(frozen=True, slots=True)
class SectionChoice:
    """The state of one request section.

    `query` and `chosen_only` narrow what the list shows; they never change what is chosen.
    """

    selected: frozenset[str] = frozenset()
    later: bool = False
    query: str = ""
    chosen_only: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """All sections by their number; sections without an entry are as the request presets them."""

    sections: Mapping[int, SectionChoice] = field(default_factory=dict)
    removed: frozenset[int] = frozenset()

    def with_section(self, index: int, choice: SectionChoice) -> "Choices":
        """Return the choices with one section replaced."""
        return Choices({**self.sections, index: choice}, self.removed)

    def with_removed(self, removed: frozenset[int]) -> "Choices":
        """Return the choices with other sections taken out."""
        return Choices(self.sections, removed)


def choices_to_json(choices: Choices) -> dict[str, Any]:
    """Return the form in which AuthorizationRequest keeps choices."""
    return {
        "removed": sorted(choices.removed),
        "sections": {
            str(index): {
                "selected": sorted(choice.selected),
                "later": choice.later,
                "query": choice.query,
                "chosen_only": choice.chosen_only,
            }
            for index, choice in choices.sections.items()
        },
    }


def choices_from_json(data: Mapping[str, Any]) -> Choices:
    """Read what `choices_to_json` wrote; nothing kept gives empty choices."""
    sections = {
        int(index): SectionChoice(
            selected=frozenset(entry["selected"]),
            later=entry["later"],
            query=entry["query"],
            chosen_only=entry["chosen_only"],
        )
        for index, entry in data.get("sections", {}).items()
    }
    return Choices(sections, frozenset(data.get("removed", ())))
