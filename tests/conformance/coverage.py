"""Print which rules of the standards have tests: `python -m tests.conformance.coverage`.

First the rules of the inventory, with their tests or the reason why there are none, then what
tests prove of documents, or of sections, that the inventory does not list.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from itertools import groupby

import pytest

from tests.conformance.inventory import RULE_ID, Rule, numbers, rules
from tests.conformance.marks import TESTS, read_marks

# What the marks may leave out of a document's name.
_SHORT = ("WG1-", "WG3-")

# Document, section and words of a rule that the inventory does not list.
FreeRule = tuple[str, str, str]


class Collector:
    """A pytest plugin that notes the tests of each rule outside the inventory and runs none."""

    def __init__(self) -> None:
        self.tests: defaultdict[FreeRule, set[str]] = defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the marks; the cases of a parametrized test count once."""
        for item in items:
            for mark in item.iter_markers("spec"):
                for rule in rules_of(*mark.args):
                    self.tests[rule].add(item.nodeid.partition("[")[0])


def rules_of(*arguments: str) -> Iterator[FreeRule]:
    """Yield a mark's rules, one for each section, with the full name of the document."""
    if RULE_ID.fullmatch(arguments[0]):
        return
    document, sections, words = arguments
    name = f"CDS-{document}" if document.startswith(_SHORT) else document
    for section in sections.split(","):
        yield name, section.strip(), words


def table(tests: Mapping[FreeRule, Iterable[str]]) -> str:
    """Return a Markdown table of rules outside the inventory, in the order of the documents."""
    lines = ["| document | section | rule | tests |", "| --- | --- | --- | --- |"]
    ordered = sorted(tests, key=lambda rule: (rule[0], numbers(rule[1]), rule[2]))
    lines += [f"| {' | '.join(rule)} | {_names(tests[rule])} |" for rule in ordered]
    return "\n".join(lines)


def inventory_table(known: Iterable[Rule], tests: Mapping[str, Iterable[str]]) -> str:
    """Return a Markdown table of the inventory's rules and their tests."""
    lines = ["| rule | binds | what it says | tests |", "| --- | --- | --- | --- |"]
    lines += [
        f"| {rule.id} | {rule.on} | {rule.says} | {_names(tests.get(rule.id, ()))} |"
        for rule in known
    ]
    return "\n".join(lines)


def uncovered(known: Iterable[Rule], tests: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a line for each rule without tests, with the reason or "no test yet"."""
    return [
        f"- {rule.id} ({rule.says}): {rule.excuse or 'NO TEST AND NO REASON'}"
        for rule in known
        if rule.id not in tests
    ]


def totals(known: Iterable[Rule], tests: Mapping[str, Iterable[str]]) -> str:
    """Return the sums of the inventory, one line for each document."""
    lines, proven = [], set().union(*tests.values())
    for document, found in groupby(known, key=lambda rule: rule.document):
        of_document = list(found)
        lines.append(f"{document}: {_sums(of_document, tests)}")
        for chapter, group in groupby(of_document, key=lambda rule: rule.chapter):
            of_chapter = list(group)
            if any(rule.unfinished for rule in of_chapter):
                lines.append(f"- chapter {chapter}: {_sums(of_chapter, tests)}")
    return "\n".join([*lines, f"{len(proven)} tests prove them."])


def _sums(found: Iterable[Rule], tests: Mapping[str, Iterable[str]]) -> str:
    sums = Counter(_standing(rule, tests) for rule in found)
    return (
        f"{sums.total()} rules, {sums['covered']} covered, {sums['client']} that bind the Client,"
        f" {sums['reason']} without test for another reason, {sums['open']} open."
    )


def free_totals(free: Mapping[FreeRule, Iterable[str]]) -> str:
    """Return the sums of the rules outside the inventory."""
    sections, proven = {rule[:2] for rule in free}, set().union(*free.values())
    return f"Besides: {len(free)} rules of {len(sections)} sections, proven by {len(proven)} tests."


def _standing(rule: Rule, tests: Mapping[str, Iterable[str]]) -> str:
    if rule.id in tests:
        return "covered"
    if rule.reason:
        return "reason"
    return "client" if rule.on == "Client" else "open"


def _names(nodes: Iterable[str]) -> str:
    return ", ".join(sorted(f"`{node.rpartition('::')[2]}`" for node in nodes))


def main() -> int:
    """Read and collect the tests and print the tables; pytest's words are shown if it fails."""
    collector, said = Collector(), StringIO()
    options = ["--collect-only", "-qq", "-p", "no:cacheprovider", str(TESTS)]
    with redirect_stdout(said):
        code = pytest.main(options, plugins=[collector])
    if code:
        sys.stderr.write(said.getvalue())
        return int(code)
    known, tests = rules().values(), read_marks().tests
    parts = [
        "# Rules of the inventory",
        inventory_table(known, tests),
        "# Rules without a test",
        "\n".join(uncovered(known, tests)),
        "# What tests prove besides",
        table(collector.tests),
        "# Sums",
        totals(known, tests),
        free_totals(collector.tests),
    ]
    sys.stdout.write("\n\n".join(parts) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
