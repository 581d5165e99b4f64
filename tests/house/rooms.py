"""The rooms of the house: folders, what they import, and which chapters they name.

`python -m tests.house.rooms` prints the table "section of the standard -> folder" of CONTRIBUTING.
It is made of the first lines of packages, which begin with the sections that they implement:

    \"\"\"CDS-WG1-02 6.1, 6.4 to 6.7; CDS-WG3-01 8: what is in here, in a few words.\"\"\"

A section is at home in the one folder that names it most closely: 6.8 in the folder that names
"6.8", not in that which names "6". Words in parentheses after a section say which part of it is
meant; such a folder stands in the table, but is no home.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("portal", "registration", "consent", "customerdata")
# No package of these serves a chapter: Django looks for them under this name.
FRAMEWORK = frozenset({"management", "commands", "migrations", "templatetags"})

_NUMBER = r"\d+(?:\.\d+)*"
_SPAN = re.compile(rf"({_NUMBER})(?: to ({_NUMBER}))?(?: \(([^)]+)\))?")
_CLAIM = re.compile(rf"(CDS-WG\d-\d\d) ({_SPAN.pattern}(?:, {_SPAN.pattern})*)")
_LINE = re.compile(rf"({_CLAIM.pattern}(?:; {_CLAIM.pattern})*): (\S.*)")


@dataclass(frozen=True)
class Claim:
    """Sections of one document that a folder names; `part` says which part of them."""

    document: str
    first: str
    last: str
    part: str

    def depth(self, section: str) -> int:
        """Return how closely this names a section: the length of the matching number, else 0."""
        first = _parts(self.first)
        number = _parts(section)[: len(first)]
        return len(first) if first <= number <= _parts(self.last) else 0

    def __str__(self) -> str:
        span = self.first if self.first == self.last else f"{self.first} to {self.last}"
        return f"{span} ({self.part})" if self.part else span


@dataclass(frozen=True)
class Room:
    """A folder, or a module beside folders, whose first line names chapters."""

    path: str
    claims: tuple[Claim, ...]
    words: str


@cache
def modules() -> Mapping[str, Path]:
    """Return the product's modules by dotted name, without migrations."""
    found = {}
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in file.parts:
                name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
                found[name.removesuffix(".__init__")] = file
    return found


def packages() -> Iterator[str]:
    """Yield the folders that have to name a chapter: all but those of the framework."""
    for name, file in modules().items():
        is_package = file.name == "__init__.py"
        if is_package and name not in APPS and not FRAMEWORK & set(name.split(".")):
            yield name


def first_line(name: str) -> str:
    """Return the first line of a module's docstring; empty when it has none."""
    text = ast.get_docstring(ast.parse(modules()[name].read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


@cache
def rooms() -> tuple[Room, ...]:
    """Return every folder whose first line names chapters, and such modules beside folders."""
    found = []
    for name, file in modules().items():
        if file.name != "__init__.py" and not _may_name_chapters(name):
            continue
        if line := _LINE.fullmatch(first_line(name)):
            path = str(file.relative_to(ROOT)).removesuffix("__init__.py")
            found.append(Room(path, tuple(_claims(line[1])), line[line.lastindex or 0]))
    return tuple(found)


def homes(document: str, section: str) -> list[str]:
    """Return the rooms that name a section most closely; one, when all is in order."""
    depths = {
        room.path: max(
            claim.depth(section)
            for claim in room.claims
            if claim.document == document and not claim.part
        )
        for room in rooms()
        if any(claim.document == document and not claim.part for claim in room.claims)
    }
    closest = max(depths.values(), default=0)
    return [path for path, depth in depths.items() if depth == closest and closest]


@cache
def imports() -> Mapping[str, frozenset[str]]:
    """Return which of the product's modules each module imports, also inside functions."""
    return {name: frozenset(_imported(name)) for name in modules()}


def sibling_imports() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """Return for each folder which of its children imports which other of them.

    Children are files and folders alike. The face of a package counts as a child of its own.
    """
    found: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, targets in imports().items():
        for target in targets:
            one, other = _path(name), _path(target)
            depth = 0
            while depth < min(len(one), len(other)) and one[depth] == other[depth]:
                depth += 1
            if 0 < depth < min(len(one), len(other)):
                found[".".join(one[:depth])][one[depth]].add(other[depth])
    return {
        folder: {child: frozenset(targets) for child, targets in children.items()}
        for folder, children in found.items()
    }


def table() -> str:
    """Return the table of CONTRIBUTING, in the order of the documents."""
    rows = [(claim, room) for room in rooms() for claim in room.claims]
    rows.sort(key=lambda row: (row[0].document, _parts(row[0].first), row[0].part, row[1].path))
    lines = ["| section | room | what is in it |", "| --- | --- | --- |"]
    lines += [
        f"| {claim.document.removeprefix('CDS-')} {claim} | `{room.path}` | {room.words} |"
        for claim, room in rows
    ]
    return "\n".join(lines)


def _may_name_chapters(module: str) -> bool:
    """Whether a module stands beside folders that name chapters."""
    return module.count(".") == 1 or (module.count(".") == 2 and ".services." in module)


def _claims(text: str) -> Iterator[Claim]:
    for document, spans in ((m[1], m[2]) for m in _CLAIM.finditer(text)):
        for span in _SPAN.finditer(spans):
            yield Claim(document, span[1], span[2] or span[1], span[3] or "")


def _imported(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(modules()[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                target = full if full in modules() else node.module
                if target in modules() and target != name:
                    yield target
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())


def _path(name: str) -> list[str]:
    is_package = modules()[name].name == "__init__.py"
    return [*name.split("."), *(["__init__"] if is_package else [])]


def _parts(number: str) -> tuple[int, ...]:
    return tuple(int(part) for part in number.split("."))


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
