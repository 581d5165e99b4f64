"""Templates carry no inline code or style: the Content-Security-Policy would block it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
# Mail programs know no stylesheets of ours.
PAGES = [file for file in TEMPLATES if "emails" not in file.parts]

FORBIDDEN = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", re.I),
    "inline style block": re.compile(r"<style\b", re.I),
    "style attribute": re.compile(r"\sstyle\s*=", re.I),
    "event attribute": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I),
    "javascript URL": re.compile(r"javascript:", re.I),
    "foreign host": re.compile(r"<(script|link|img)[^>]+(src|href)=[\"']https?://", re.I),
}


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_no_inline_code(rule):
    """One rule a test, every page."""
    pattern = FORBIDDEN[rule]
    found = [
        f"{file.relative_to(ROOT)}: {match.group(0)[:60]}"
        for file in PAGES
        if (match := pattern.search(file.read_text(encoding="utf-8")))
    ]
    assert found == []


def test_links_that_open_a_tab_give_nothing_away():
    """`target=_blank` comes with rel=noopener."""
    found = [
        f"{file.relative_to(ROOT)}: {tag}"
        for file in PAGES
        for tag in re.findall(r"<a\b[^>]*target=\"_blank\"[^>]*>", file.read_text(encoding="utf-8"))
        if "noopener" not in tag
    ]
    assert found == []


def test_safe_filter_is_not_used():
    """`|safe` on a page is an injection waiting for its input; the docs body is marked in code."""
    found = [
        str(file.relative_to(ROOT))
        for file in PAGES
        if re.search(r"\|\s*safe\b", file.read_text(encoding="utf-8"))
    ]
    assert found == []
