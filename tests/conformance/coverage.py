"""Print which rules of the standards have tests: `python -m tests.conformance.coverage`."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
# What the marks may leave out of a document's name.
_SHORT = ("WG1-", "WG3-")

Rule = tuple[str, str, str]


class Collector:
    """A pytest plugin that notes the tests of each rule and runs none."""

    def __init__(self) -> None:
        self.tests: defaultdict[Rule, set[str]] = defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the marks; the cases of a parametrized test count once."""
        for item in items:
            for mark in item.iter_markers("spec"):
                for rule in rules_of(*mark.args):
                    self.tests[rule].add(item.nodeid.partition("[")[0])


def rules_of(document: str, sections: str, rule: str) -> Iterator[Rule]:
    """Yield a mark's rules, one for each section, with the full name of the document."""
    name = f"CDS-{document}" if document.startswith(_SHORT) else document
    for section in sections.split(","):
        yield name, section.strip(), rule


def table(tests: Mapping[Rule, Iterable[str]]) -> str:
    """Return a Markdown table in the order of the documents."""
    lines = ["| document | section | rule | tests |", "| --- | --- | --- | --- |"]
    for rule in sorted(tests, key=_order):
        names = sorted(f"`{node.rpartition('::')[2]}`" for node in tests[rule])
        lines.append(f"| {' | '.join(rule)} | {', '.join(names)} |")
    return "\n".join(lines)


def _order(rule: Rule) -> tuple[str, list[int], str]:
    document, section, words = rule
    return document, [int(part) for part in section.split(".") if part.isdigit()], words


def main() -> int:
    """Collect the tests and print the table; what pytest says is shown when it fails."""
    collector, said = Collector(), StringIO()
    options = ["--collect-only", "-qq", "-p", "no:cacheprovider", str(TESTS)]
    with redirect_stdout(said):
        code = pytest.main(options, plugins=[collector])
    if code:
        sys.stderr.write(said.getvalue())
        return int(code)
    sections = {rule[:2] for rule in collector.tests}
    functions = set().union(*collector.tests.values())
    sys.stdout.write(
        f"{table(collector.tests)}\n\n{len(collector.tests)} rules of {len(sections)} sections,"
        f" proven by {len(functions)} tests.\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
