"""Times and waits in the language of the page."""

from datetime import datetime, tzinfo

from babel.core import Locale
from babel.dates import format_datetime, get_timezone_name
from babel.units import format_unit
from django.utils.translation import get_language, to_locale


def page_locale() -> Locale:
    """Return Babel's locale of the active language."""
    return Locale.parse(to_locale(get_language() or "en"))


def moment_words(moment: datetime, zone: tzinfo) -> str:
    """Format a time with its zone: "1 Jan 2026, 11:00 am EST"."""
    locale = page_locale()
    local = moment.astimezone(zone)
    pattern = "d MMM y, h:mm a" if locale.language == "en" else "d MMM y, H:mm"
    name = "v" if _misnamed(local) else "z"
    worded = format_datetime(local, f"{pattern} {name}", locale=locale)
    return worded.replace(" AM ", " am ").replace(" PM ", " pm ")


def wait_words(seconds: int) -> str:
    """Format a time to wait, rounded up: "1 second", "33 minutes", "2 hours"."""
    units = (("hour", 3600), ("minute", 60), ("second", 1))
    unit, length = next(each for each in units if seconds > 2 * each[1] or each[1] == 1)
    return format_unit(-(-seconds // length), f"duration-{unit}", "long", locale=page_locale())


def _misnamed(local: datetime) -> bool:
    """Whether Babel's zone name stands for a different offset than the rules in use.

    Its names do not know about a government that stopped changing clocks: it calls Vancouver's time
    PST forever, which readers take as an hour less. The name without a season ("PT") is right.
    """
    name = get_timezone_name(local, width="short", locale="en")
    return name.isalpha() and name != local.tzname()
