"""Our own style sheet and scripts stay small, readable and free of what the CSP forbids."""

import re
from pathlib import Path

import pytest

from portal.vendoring import ROOT

STATIC = ROOT / "portal" / "static" / "portal"
THEME = (STATIC / "theme.css").read_text()


def tokens(selector: str) -> dict[str, str]:
    """Return the colour variables of the first rule with this selector, brand defaults resolved."""
    brand: dict[str, str] = dict(re.findall(r"(--brand-[\w-]+): (#\w+)", THEME))
    block = THEME.split(selector, 1)[1].split("{", 1)[1].split("}", 1)[0]
    found: dict[str, str] = dict(re.findall(r"(--[\w-]+): (#\w+|var\(--brand-[\w-]+\))", block))
    return {name: brand.get(value[4:-1], value) for name, value in found.items()}


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    digits = colour[1:]
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


LIGHT = tokens(':root, [data-bs-theme="light"]')
DARK = tokens('[data-bs-theme="dark"]')


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "background"),
    [
        ("--ink", "--surface"),
        ("--ink", "--card"),
        ("--muted", "--surface"),
        ("--muted", "--card"),
        ("--accent", "--surface"),
        ("--accent", "--card"),
        ("--on-accent", "--accent"),
        ("--ok", "--card"),
        ("--ok", "--ok-tint"),
        ("--danger", "--card"),
        ("--danger", "--danger-tint"),
        ("--warn", "--card"),
        ("--warn", "--warn-tint"),
    ],
)
def test_text_is_readable(palette: dict[str, str], text: str, background: str) -> None:
    """WCAG 2.2, 1.4.3: text has a contrast of at least 4.5:1."""
    assert contrast(palette[text], palette[background]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("background", ["--surface", "--card"])
def test_controls_have_visible_edges(palette: dict[str, str], background: str) -> None:
    """WCAG 2.2, 1.4.11: the border of an input has a contrast of at least 3:1."""
    assert contrast(palette["--control"], palette[background]) >= 3


def test_theme_stays_small() -> None:
    """More than this is a second framework on top of the first."""
    assert len(THEME.splitlines()) <= 400


@pytest.mark.parametrize(("name", "budget"), [("focus.js", 6 * 1024), ("theme.js", 1024)])
def test_scripts_of_customer_pages_keep_their_budget(name: str, budget: int) -> None:
    """Comments and indentation do not count: they cost next to nothing once compressed."""
    code = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(), flags=re.DOTALL)
    code = re.sub(r"^\s*//.*$|^\s+", "", code, flags=re.MULTILINE)
    assert len(code.encode()) <= budget


@pytest.mark.parametrize("path", sorted(STATIC.glob("*.js")), ids=lambda path: path.name)
def test_scripts_run_under_the_content_security_policy(path: Path) -> None:
    """No code from strings, no markup from strings, no inline style."""
    source = path.read_text()
    for forbidden in ("eval(", "new Function", "innerHTML", "insertAdjacentHTML", ".style"):
        assert forbidden not in source
