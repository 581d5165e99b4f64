"""The glossary defines the words that the code uses, and no others."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
APPS = ("portal", "registration", "consent", "customerdata")


def coined() -> list[str]:
    """Return the coined words: the first cells below the headings that announce them."""
    text = GLOSSARY.read_text(encoding="utf-8").split("## Coined words", 1)[1]
    cells = re.findall(r"^\| ([^|]+) \| ", text, re.MULTILINE)
    words = [re.sub(r"`| \(.*\)", "", word) for cell in cells for word in cell.split(", ")]
    return [word.strip() for word in words if word.strip() not in {"word", "---"}]


@pytest.fixture(scope="module")
def code() -> str:
    """The product's Python code as one text."""
    files = (file for app in APPS for file in (ROOT / app).rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize("word", coined())
def test_a_defined_word_is_still_used(word, code):
    """A word that left the code only confuses those who read the glossary."""
    # Names join words by underscores or capitals: `form_mark`, `FieldOffer`, `grids`.
    pattern = rf"(?<![a-z]){re.escape(word)}|{re.escape(word.capitalize())}(?=[A-Zs\W])"
    assert re.search(pattern, code)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_readers_are_led_to_the_glossary(name):
    """These two are what a newcomer reads."""
    assert "(docs/glossary.md)" in (ROOT / name).read_text(encoding="utf-8")
