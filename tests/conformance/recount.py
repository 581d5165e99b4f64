"""Compare the inventory with the text of a standard: `python -m tests.conformance.recount FILE`.

FILE is the Markdown of a specification, for instance of its next version. Each section whose
normative words or REQUIRED fields are not as many as the inventory says is printed; its rules
have to be read again.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

from tests.conformance.inventory import numbers, sections

Counts = dict[str, tuple[int, int]]
_HEADING = re.compile(r"#+ (\d+(?:\.\d+)*)\.? ")
_TITLE = re.compile(r"# (CDS-\S+)")
_FIELD = "(REQUIRED)"
_WORD = re.compile(r"\b(?:MUST|SHALL|REQUIRED)\b")


def count(text: str) -> Counts:
    """Return the normative words and the REQUIRED fields of each section."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    section = ""
    for line in text.splitlines():
        if heading := _HEADING.match(line):
            section = heading[1]
        fields = line.count(_FIELD)
        found[section][0] += len(_WORD.findall(line)) - fields
        found[section][1] += fields
    return {section: (words, fields) for section, (words, fields) in found.items()}


def differences(text: str) -> list[str]:
    """Return a line for each section of a document that differs from the inventory."""
    title = _TITLE.match(text)
    document = title[1] if title else ""
    known = {s.number: (s.words, s.fields) for s in sections() if s.document == document}
    if not known:
        return [f"no rules of {document or 'a document without title'} in the inventory"]
    # Chapters that the inventory leaves out (introductions, examples) are not compared.
    chapters = {number.partition(".")[0] for number in known}
    counted = {n: c for n, c in count(text).items() if n.partition(".")[0] in chapters}
    return [
        f"{document} {number}: the text has %d words and %d fields, the inventory %d and %d"
        % (*counted.get(number, (0, 0)), *known.get(number, (0, 0)))
        for number in sorted(counted.keys() | known.keys(), key=numbers)
        if counted.get(number, (0, 0)) != known.get(number, (0, 0))
    ]


def main(paths: list[str]) -> int:
    """Print the differences of each file; 1 when there are any."""
    lines = [line for path in paths for line in differences(Path(path).read_text(encoding="utf-8"))]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return int(bool(lines))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
