"""Time zone rules: those of the `tzdata` package, never those installed on the machine.

zoneinfo prefers the system's files, which may be years out of date. Local months, days and ends
would then differ between machines, by an hour from the day on which a government changed them.
"""

import importlib
import zoneinfo


def use_packaged_rules() -> None:
    """Make zoneinfo read only the package, and clear what it has already read."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()


def rules_version() -> str | None:
    """Return the version of the rules in use, for example "2026f"; None if they are not ours."""
    if zoneinfo.TZPATH:
        return None
    try:
        return str(importlib.import_module("tzdata").IANA_VERSION)
    except ImportError:
        return None
