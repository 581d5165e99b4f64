"""The rules of the standards, read from `rules/*.toml`.

One table per section of a document: how many normative words it has (MUST, SHALL and REQUIRED in
sentences, negations included), how many fields are marked REQUIRED, and its rules in our own
words. A rule names the party it binds (Server, Client or both) and how many of the words and
fields it accounts for. Its id is document, section and letter, as in "WG1-02 7.6 g"; a letter is
never given to another rule. `reason` says why a rule of the Server has no test.

A file with `unfinished = true` is about sections of which parts are still to be built: its rules
of the Server may go without test and reason, and are counted as open.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

RULES = Path(__file__).parent / "rules"
RULE_ID = re.compile(r"WG\d-\d\d \d+(\.(\d+|\*))* [a-z]")
ON = ("Server", "Client", "both")


@dataclass(frozen=True)
class Rule:
    """One rule: the party it binds, and what it accounts for in the text of its section."""

    id: str
    document: str
    on: str
    says: str
    words: int
    fields: int
    reason: str
    unfinished: bool = False

    @property
    def chapter(self) -> str:
        """Number of its chapter: "7" of "WG1-02 7.6 g"."""
        return self.id.split()[1].partition(".")[0]

    @property
    def excuse(self) -> str:
        """Why it may be without tests; empty when it may not."""
        if self.reason or self.on == "Client":
            return self.reason or "binds the Client"
        return "no test yet" if self.unfinished else ""


@dataclass(frozen=True)
class Section:
    """One section of a document, with its counts and rules."""

    document: str
    number: str
    words: int
    fields: int
    rules: tuple[Rule, ...]


@cache
def sections() -> tuple[Section, ...]:
    """Return all sections, in the order of the documents."""
    found = [section for path in RULES.glob("*.toml") for section in _read(path)]
    return tuple(sorted(found, key=lambda section: (section.document, numbers(section.number))))


def rules() -> dict[str, Rule]:
    """Return all rules by id, in the order of the documents."""
    return {rule.id: rule for section in sections() for rule in section.rules}


def rules_named(name: str) -> list[str]:
    """Return the ids that a mark names: "WG3-01 7.1.* a" is rule a of 7.1.1, 7.1.2 and so on.

    A star stands for one number. A name that fits no rule comes back as it is.
    """
    if "*" not in name:
        return [name]
    pattern = re.compile(re.escape(name).replace(r"\*", r"\d+"))
    return [rule for rule in rules() if pattern.fullmatch(rule)] or [name]


def numbers(section: str) -> list[int]:
    """Return what orders sections: 10.2 comes after 9.4 and before 10.10."""
    return [int(part) for part in section.split(".") if part.isdigit()]


def _read(path: Path) -> list[Section]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    document, unfinished = content["document"], content.get("unfinished", False)
    return [
        _section(document, number, dict(table), unfinished=unfinished)
        for number, table in content["sections"].items()
    ]


def _section(document: str, number: str, table: dict[str, Any], *, unfinished: bool) -> Section:
    words, fields = table.pop("words", 0), table.pop("fields", 0)
    prefix = f"{document.removeprefix('CDS-')} {number}"
    made = tuple(
        Rule(
            id=f"{prefix} {letter}",
            document=document,
            on=values.pop("on"),
            says=values.pop("rule"),
            words=values.pop("words"),
            fields=values.pop("fields", 0),
            reason=values.pop("reason", ""),
            unfinished=unfinished,
            **values,
        )
        for letter, values in ((letter, dict(values)) for letter, values in table.items())
    )
    return Section(document, number, words, fields, made)
