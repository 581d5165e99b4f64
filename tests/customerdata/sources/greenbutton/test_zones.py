"""Offsets and rules of a file as IANA zones."""

import pytest

from customerdata.sources.greenbutton.model import LocalTime
from customerdata.sources.greenbutton.zones import stated_zone

US = ("360E2000", "B40E2000")
EUROPE = ("3E0E2000", "AE0E3000")
NONE = ("FFFFFFFF", "FFFFFFFF")


@pytest.mark.parametrize(
    ("offset", "saving", "rules", "zone"),
    [
        (-18000, 3600, US, "America/New_York"),
        (-12600, 3600, US, "America/St_Johns"),
        (18000, 3600, US, None),
        (3600, 3600, EUROPE, "Europe/Berlin"),
        (0, 3600, EUROPE, "Europe/London"),
        (7200, 3600, EUROPE, "Europe/Athens"),
        (-18000, 3600, EUROPE, None),
        (-18000, 3600, ("360E2000", "AE0E3000"), None),
        (-25200, 0, US, "Etc/GMT+7"),
        (-25200, 3600, NONE, "Etc/GMT+7"),
        (-25200, 3600, ("", ""), "Etc/GMT+7"),
        (-25200, 3600, ("FFFFFFFF", "B40E2000"), None),
        (0, 0, NONE, "Etc/UTC"),
        (50_400, 0, NONE, "Etc/GMT-14"),
        (19_800, 0, NONE, None),
        (10**12, 0, NONE, None),
    ],
)
def test_a_zone_is_one_that_has_these_offsets_and_rules(offset, saving, rules, zone):
    """Nothing comes near enough: a zone that differs would move the months."""
    assert stated_zone(LocalTime(1, offset, saving, *rules)) == zone
