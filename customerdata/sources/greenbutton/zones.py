"""Time zones: a Green Button file has only offsets and rules, never a name.

Readings have absolute times, so the zone only decides where local months start.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from customerdata.sources.greenbutton.model import LocalTime

# Offset in seconds of North American zones that follow the US daylight saving rules.
_US_ZONES: Mapping[int, str] = {
    -12600: "America/St_Johns",
    -14400: "America/Halifax",
    -18000: "America/New_York",
    -21600: "America/Chicago",
    -25200: "America/Denver",
    -28800: "America/Los_Angeles",
    -32400: "America/Anchorage",
}
# All of Europe changes at 1:00 UTC on the last Sundays of March and October.
_EUROPEAN_ZONES: Mapping[int, str] = {
    0: "Europe/London",
    3600: "Europe/Berlin",
    7200: "Europe/Athens",
}
_RULES: Mapping[tuple[str, str], Mapping[int, str]] = {
    ("360E2000", "B40E2000"): _US_ZONES,
    ("3E0E1000", "AE0E2000"): _EUROPEAN_ZONES,
    ("3E0E2000", "AE0E3000"): _EUROPEAN_ZONES,
    ("3E0E3000", "AE0E4000"): _EUROPEAN_ZONES,
}
_NO_RULE = frozenset({"", "FFFFFFFF"})


def stated_zone(local_time: LocalTime) -> str | None:
    """Return the IANA zone with these offsets and rules, None if there is none."""
    rules = (local_time.dst_start_rule, local_time.dst_end_rule)
    if local_time.dst_offset and not _NO_RULE.issuperset(rules):
        return _RULES.get(rules, {}).get(local_time.tz_offset)
    hours, rest = divmod(local_time.tz_offset, 3600)
    if rest or not -12 <= hours <= 14:
        return None
    # The sign in these names is reversed from the usual convention.
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC"


def known_zone(name: str) -> bool:
    """Return whether a name is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
