"""Rules of time zones: those of the `tzdata` package, never those that the machine happens to have.

zoneinfo prefers the system's files, and these may be years behind. Local months, days and ends
would then differ between machines, by an hour from the day on which a government changed them.
"""

import importlib
import os
import time
import zoneinfo


def use_packaged_rules() -> None:
    """Have zoneinfo read the package alone; what it read before is forgotten."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()


def keep_system_rules_out() -> None:
    """Take the zone that Django gave to the C library away from it.

    The C library knows the system's files only. Everything that asks it (`time.localtime`, times
    of logs, datetimes without a zone) is in UTC instead, which needs no rules.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()


def rules_version() -> str | None:
    """Return the version of the rules in use, for example "2026f"; None if they are not ours."""
    if zoneinfo.TZPATH:
        return None
    try:
        return str(importlib.import_module("tzdata").IANA_VERSION)
    except ImportError:
        return None
