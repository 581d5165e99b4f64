"""Names that imitate others: lookalike letters and spellings (a part of Unicode TR 39)."""

import re
import unicodedata
from typing import Final

# Alphabets whose letters look alike; mixing them within a word has no legitimate use.
_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
# Letters of other alphabets, then Latin letters and digits that look alike in many typefaces.
_AS_LATIN: Final = str.maketrans(
    "\u0430\u0432\u0435\u043a\u043c\u043d\u043e\u0440\u0441\u0442\u0443\u0445\u0456\u0455\u0458\u0501\u04bb"
    "\u03bf\u03b1\u03bd\u03b9\u03b2\u03b5\u03ba\u03c4\u03c5\u03c7"
    "i1|0\u0131\u0269\u0251\u0261",
    "abekmhopctyxlsjdhoavlbektuxlllollag",
)
# Normalization does not decompose letters with a stroke or a hook, or small capitals.
_PLAIN_LETTER: Final = re.compile(
    r"LATIN (?:SMALL LETTER|LETTER SMALL CAPITAL) ([A-Z])(?: WITH .*)?"
)
# More marks on a letter than any living script uses would cover the lines around it.
_STACKED: Final = 5
# What this portal's pages say about Clients.
_VOUCHING: Final = frozenset("✓✔✅☑🗸🗹🔒🔐🛡")
_VOUCHING_WORDS: Final = ("website confirmed", "confirmed website")


def mixes_alphabets(word: str) -> bool:
    """Tell whether a word mixes letters of alphabets that look alike."""
    found = {unicodedata.name(char, "").split(" ")[0] for char in word if char.isalpha()}
    return len(found & _ALIKE) > 1


def skeleton(name: str) -> str:
    """Return a name as a hasty reader perceives it: only letters and digits.

    Case, accents, width, punctuation and spaces are removed; `&` becomes "and"; I, l and 1 are
    equal.
    """
    text = unicodedata.normalize("NFKD", name).casefold().replace("&", "and")
    text = "".join(map(_plain_letter, text)).translate(_AS_LATIN)
    return "".join(char for char in text if char.isalnum())


def _plain_letter(char: str) -> str:
    found = None if char.isascii() else _PLAIN_LETTER.fullmatch(unicodedata.name(char, ""))
    return found[1].lower() if found else char


def names(text: str, other: str) -> bool:
    """Tell whether a hasty reader would see another name in a text."""
    wanted = skeleton(other)
    words = [skeleton(word) for word in text.split()]
    runs = ("".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1))
    return bool(wanted) and wanted in runs


def stacks_marks(text: str) -> bool:
    """Tell whether a text begins with combining marks, or a letter has too many of them."""
    run = _STACKED
    for char in text:
        run = run + 1 if unicodedata.category(char).startswith("M") else 0
        if run > _STACKED:
            return True
    return False


def vouches(text: str) -> bool:
    """Tell whether a name claims what only the portal can, such as that a website is confirmed."""
    return not _VOUCHING.isdisjoint(text) or any(names(text, words) for words in _VOUCHING_WORDS)
