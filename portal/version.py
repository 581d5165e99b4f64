"""The version, read from the changelog so that it is written in only one place."""

import re
from pathlib import Path


def read_version() -> str:
    """Return the first version that CHANGELOG.md names."""
    text = (Path(__file__).resolve().parent.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    match = re.search(r"^## \[(\d+\.\d+\.\d+)\]", text, re.M)
    if match is None:
        raise RuntimeError("CHANGELOG.md names no version")
    return match[1]


VERSION = read_version()
