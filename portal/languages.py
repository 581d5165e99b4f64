"""The languages in which pages are offered."""

from pathlib import Path

from django.utils.translation import get_language_info, to_language


def languages_in(folder: Path) -> list[tuple[str, str]]:
    """Return English, the source language, and each language that has a catalog of translations.

    A page that named a language without a catalog would still be in English, and screen readers
    would read it with the wrong pronunciation.
    """
    found = {to_language(file.parts[-3]) for file in folder.glob("*/LC_MESSAGES/django.mo")}
    codes = ["en", *sorted(found - {"en"})]
    return [(code, get_language_info(code)["name"]) for code in codes]
