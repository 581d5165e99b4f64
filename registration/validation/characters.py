"""Deceptive characters: invisible ones, and those that turn text around or break lines."""

import unicodedata
from typing import Final

# Controls, format characters (including those that change the reading direction), halves of
# surrogate pairs, line and paragraph separators.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Unicode classifies these as letters, marks and symbols, but they are invisible: Hangul fillers,
# Khmer inherent vowels, joiners, variation selectors, the blank Braille pattern.
_BLANK: Final = (
    frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
    | {chr(code) for code in range(0x180B, 0x1810)}
    # The two after these choose between emoji and text style; legitimate emoji contain them.
    | {chr(code) for code in range(0xFE00, 0xFE0E)}
    | {chr(code) for code in range(0xE0100, 0xE01F0)}
)
# They shape letters in Persian and Indic scripts.
_JOINERS: Final = frozenset("\u200c\u200d")


def is_invisible(char: str) -> bool:
    """Tell whether a character is invisible except for its effect on others."""
    return char in _BLANK or unicodedata.category(char) in _HIDDEN


def hides(text: str, *, is_multiline: bool = False) -> bool:
    """Tell whether a text contains hidden characters; line breaks and tabs are allowed."""
    allowed = _JOINERS | frozenset("\n\r\t" if is_multiline else "")
    return any(is_invisible(char) and char not in allowed for char in text)


def visible(text: str) -> str:
    """Return text for one line of a terminal, with invisible characters written as code points."""
    return "".join(f"\\u{ord(char):04x}" if is_invisible(char) else char for char in text)
