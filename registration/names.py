"""Names that pass for others: lookalike letters and spellings (Unicode TR 39, the part we need)."""

import unicodedata

# Alphabets whose letters look alike; mixing them inside one word has no honest use.
_ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})
_AS_LATIN = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb\u03bf\u03b1\u03bd\u03b9",
    "aeopcyxisjdhoavi",
)


def mixes_alphabets(word: str) -> bool:
    """Tell whether a word holds letters of several alphabets that look alike."""
    found = {unicodedata.name(char, "").split(" ")[0] for char in word if char.isalpha()}
    return len(found & _ALIKE) > 1


def skeleton(name: str) -> str:
    """Return what a name comes down to for a hasty reader: letters and digits alone.

    Case, accents, width, punctuation and spaces are gone, `&` reads "and".
    """
    text = unicodedata.normalize("NFKD", name).casefold().replace("&", "and").translate(_AS_LATIN)
    return "".join(char for char in text if char.isalnum())
