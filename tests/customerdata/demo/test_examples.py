"""No example that a form or a page gives is what somebody in the demo really has."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from customerdata import demo
from customerdata.demo.people import LOGINS
from registration.catalogue.types import AuthorizationDetailsField, fields

MODULES = sorted(Path(str(demo.__file__)).parent.glob("*.py"))


def written_down() -> set[str]:
    """Return what the demo's code writes down of people: numbers, addresses, places."""
    found: set[str] = set()
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                # Of an address the street is enough; sentences are no data.
                text = node.value.split("\n")[0].strip()
                if 4 <= len(text) <= 40 and re.search(r"\d", text) and not text.endswith("."):
                    found.add(text.lower())
    return found


def people() -> Iterator[re.Pattern[str]]:
    """Return names and mail addresses of the demo's people."""
    for login in LOGINS:
        yield re.compile(rf"\b{login}\b", re.IGNORECASE)


def words(field: AuthorizationDetailsField) -> str:
    """Return what a form or a page may show as an example of a field."""
    example = field.example if isinstance(field.example, tuple) else (field.example,)
    return " ".join([*map(str, example), str(field.explanation)]).lower()


def test_the_demo_is_read():
    """The comparison would else hold for nothing."""
    assert {"123 main st", "b1111"} <= written_down()


@pytest.mark.parametrize("field", fields().values(), ids=lambda field: field.id)
def test_examples_are_nobodys(field):
    """A customer who reads their neighbour's address on the form thinks that it is shared.

    Programs, types and apps are lists that the utility publishes: their examples are entries of it.
    """
    if any(format_.has_choices for format_ in field.formats):
        return
    shown = words(field)
    assert [text for text in written_down() if text in shown] == []
    assert [name.pattern for name in people() if name.search(shown)] == []
