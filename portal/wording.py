"""Moments in the language of the page."""

from datetime import datetime, tzinfo

from babel.core import Locale
from babel.dates import format_datetime
from django.utils.translation import get_language, to_locale


def page_locale() -> Locale:
    """Return Babel's locale of the active language."""
    return Locale.parse(to_locale(get_language() or "en"))


def moment_words(moment: datetime, zone: tzinfo) -> str:
    """Word a moment with its zone: "1 Jan 2026, 11:00 am EST"."""
    locale = page_locale()
    pattern = "d MMM y, h:mm a z" if locale.language == "en" else "d MMM y, H:mm z"
    worded = format_datetime(moment.astimezone(zone), pattern, locale=locale)
    return worded.replace(" AM ", " am ").replace(" PM ", " pm ")
