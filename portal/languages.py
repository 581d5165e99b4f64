"""The languages that pages are offered in."""

from pathlib import Path

from django.utils.translation import get_language_info, to_language


def languages_in(folder: Path) -> list[tuple[str, str]]:
    """Return English, in which the sentences are written, and each language with a catalogue.

    Where there is none, a page would name a language in which it has no words: screen readers
    would speak English with a foreign tongue.
    """
    found = {to_language(file.parts[-3]) for file in folder.glob("*/LC_MESSAGES/django.mo")}
    codes = ["en", *sorted(found - {"en"})]
    return [(code, get_language_info(code)["name"]) for code in codes]
