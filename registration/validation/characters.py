"""Characters that are not what they seem: invisible ones, and those that turn or break lines."""

import unicodedata
from typing import Final

# Controls, marks without a shape of their own (those that turn the reading direction among them),
# halves of surrogate pairs, ends of lines and paragraphs.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Unicode counts these among letters, marks and symbols, but nothing is drawn for them: fillers of
# Korean, vowels without a sound, joiners, selectors of variants, the empty Braille cell.
_BLANK: Final = (
    frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
    | {chr(code) for code in range(0x180B, 0x1810)}
    # The two after these choose between a picture and a text sign: honest emoji carry them.
    | {chr(code) for code in range(0xFE00, 0xFE0E)}
    | {chr(code) for code in range(0xE0100, 0xE01F0)}
)
# They shape letters of Persian and Indic scripts.
_JOINERS: Final = frozenset("\u200c\u200d")


def is_invisible(char: str) -> bool:
    """Tell whether a reader sees nothing of a character but perhaps its effect on others."""
    return char in _BLANK or unicodedata.category(char) in _HIDDEN


def hides(text: str, *, is_multiline: bool = False) -> bool:
    """Tell whether text may look like another one; line breaks and tabs may be part of it."""
    allowed = _JOINERS | frozenset("\n\r\t" if is_multiline else "")
    return any(is_invisible(char) and char not in allowed for char in text)


def visible(text: str) -> str:
    """Return text for one line of a terminal: what would not be seen is written as its number."""
    return "".join(f"\\u{ord(char):04x}" if is_invisible(char) else char for char in text)
