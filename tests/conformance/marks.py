"""Which tests name which rules of the inventory.

`@pytest.mark.spec("WG1-02 7.6 g")` on a test names one rule or several; "WG3-01 7.1.* a" names
the same letter of all these sections, for a test that goes through them. The marks are read from
the source, so that a check needs neither Django nor a collection of all tests. Rules outside of
the inventory are marked with document, sections and words; pytest collects those.
"""

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.conformance.inventory import RULE_ID, rules_named

TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Marks:
    """The tests of each rule id, and where a mark with ids stands that is no decorator."""

    tests: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    misplaced: list[str] = field(default_factory=list)


def read_marks(folder: Path = TESTS) -> Marks:
    """Read the marks of all tests below a folder."""
    marks = Marks()
    for path in sorted(folder.rglob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        if RULE_ID.search(source):
            _read(ast.parse(source), path.relative_to(folder).as_posix(), marks)
    return marks


def _read(tree: ast.Module, name: str, marks: Marks) -> None:
    elsewhere = {node for node in ast.walk(tree) if _ids_of(node)}
    for test in tree.body:
        if isinstance(test, ast.FunctionDef) and test.name.startswith("test_"):
            for decorator in test.decorator_list:
                elsewhere.discard(decorator)
                for rule in _ids_of(decorator):
                    marks.tests[rule].append(f"{name}::{test.name}")
    marks.misplaced += [f"{name}:{node.lineno}" for node in elsewhere if isinstance(node, ast.Call)]


def _ids_of(node: ast.AST) -> list[str]:
    """Return the rule ids of a mark; [] for everything else."""
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("spec"):
        return []
    names = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
    if not names or not RULE_ID.fullmatch(names[0]):
        return []
    return [rule for name in names for rule in rules_named(name)]
