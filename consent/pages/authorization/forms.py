"""Reading what the authorization form sends.

The form carries choices only, never what is asked: that stays on the server. Names follow the
sections: request-1-services, request-1-later, request-1-query; `shown` lists the sections whose
lists were on the page, `removed` those that were taken out, `mark` is that of the form.
"""

import re
from dataclasses import dataclass, replace

from django.http import QueryDict

from consent.pages.authorization.presenter import matches, row_words
from consent.services.sections.choices import MAX_QUERY, Choices, Section, SectionChoice

MAX_SECTIONS = 100
MAX_ID = 64
_NUMBER = re.compile(r"[0-9]{1,2}")
ACTIONS = frozenset(
    {"authorize", "decline", "update", "remove", "undo", "search", "all", "none", "chosen"}
)


@dataclass(frozen=True, slots=True)
class Action:
    """The button that was pressed, and the section it stands in."""

    name: str
    section: int = 0

    @classmethod
    def parse(cls, text: str) -> "Action":
        """Read a button's value such as `remove-0`; anything unknown only updates the page."""
        name, _, number = text.partition("-")
        if name not in ACTIONS:
            return cls("update")
        if not number.isdecimal():
            return cls(name)
        return cls(name, int(number) if _NUMBER.fullmatch(number) else MAX_SECTIONS)


def read_choices(data: QueryDict, stored: Choices) -> Choices:
    """Return the choices of a POST; sections that were not on the page keep their stored state."""
    sections = dict(stored.sections)
    for index in _numbers(data.getlist("shown")):
        prefix = f"request-{index + 1}"
        before = sections.get(index, SectionChoice())
        sections[index] = SectionChoice(
            selected=frozenset(filter(_may_be_id, data.getlist(f"{prefix}-services"))),
            later=f"{prefix}-later" in data,
            query=data.get(f"{prefix}-query", "").replace("\x00", "")[:MAX_QUERY].strip(),
            chosen_only=before.chosen_only,
        )
    return Choices(sections, frozenset(_numbers(data.getlist("removed"))))


def _may_be_id(text: str) -> bool:
    return len(text) <= MAX_ID and "\x00" not in text


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if _NUMBER.fullmatch(text)]


def apply(action: Action, choices: Choices, sections: tuple[Section, ...]) -> Choices:
    """Return the choices after a button of the page that needs no script."""
    if action.section >= len(sections):
        return choices
    section = sections[action.section]
    if action.name == "remove":
        kept = len(sections) - len(choices.removed | {action.section})
        if section.is_modifiable and kept:
            return choices.with_removed(choices.removed | {action.section})
        return choices
    if action.name == "undo":
        return choices.with_removed(choices.removed - {action.section})
    return choices.with_section(action.section, _ticked(action, section, choices))


def _ticked(action: Action, section: Section, choices: Choices) -> SectionChoice:
    choice = section.chosen(choices)
    if action.name == "chosen":
        return replace(choice, chosen_only=not choice.chosen_only)
    found = frozenset(
        row.id
        for row in section.rows
        if not row.unavailable_reason and matches(" ".join(row_words(row)), choice.query)
    )
    if action.name == "all":
        return replace(choice, selected=choice.selected | found)
    if action.name == "none":
        return replace(choice, selected=choice.selected - found)
    return choice
