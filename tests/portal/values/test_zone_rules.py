"""Rules of time zones are the package's, whatever files and variables the machine has."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from portal import checks
from portal.values.times import utility_zone
from portal.values.wording import moment_words
from portal.values.zone_rules import rules_version
from tests import tzif

LATEST = importlib.import_module("tzdata").IANA_VERSION
WINTER, SUMMER = datetime(2026, 12, 15, 20, tzinfo=UTC), datetime(2027, 7, 15, 20, tzinfo=UTC)
ZONES = {"America/Vancouver": -7, "America/Edmonton": -6, "America/Winnipeg": -5}
ASK = """
import json, sys, time
from datetime import datetime, timezone
{first}
from zoneinfo import ZoneInfo, TZPATH
import zoneinfo
at = datetime(2026, 12, 15, 20, tzinfo=timezone.utc)
print(json.dumps([at.astimezone(ZoneInfo("America/Vancouver")).utcoffset().total_seconds() / 3600,
    list(zoneinfo.TZPATH)]))
"""


@pytest.mark.parametrize(("name", "hours"), ZONES.items())
@pytest.mark.parametrize("at", [WINTER, SUMMER])
def test_western_canada_no_longer_changes_clocks(name, hours, at):
    """Since November 2026 (rules 2026f); the file of the package is read here without zoneinfo."""
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    assert at.astimezone(ZoneInfo(name)).utcoffset() == timedelta(hours=hours)
    assert tzif.offset_at(data, int(at.timestamp())) == hours * 3600


def test_the_rules_are_at_least_those_of_the_change():
    """An older package in the lock file would bring the hour back."""
    assert LATEST >= "2026f"
    assert rules_version() == LATEST
    assert zoneinfo.TZPATH == ()


@pytest.mark.parametrize(
    "first",
    [
        "from portal import settings",
        "import portal.wsgi",
        "from portal.celery import app; app.loader.import_default_modules()",
        "import embedded.__main__",
        # Somebody built the zone before the portal was imported.
        "import zoneinfo; zoneinfo.ZoneInfo('America/Vancouver'); import manage, portal.wsgi",
    ],
)
def test_files_of_the_machine_are_read_by_no_process(first, tmp_path):
    """Neither the usual folders nor one that the environment names, in which the old rules lie."""
    folder = tmp_path / "America"
    folder.mkdir()
    (folder / "Vancouver").write_bytes(tzif.compiled("PST8PDT,M3.2.0,M11.1.0"))
    environment = {**os.environ, "PYTHONTZPATH": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-c", ASK.format(first=first)],
        env=environment,
        cwd=settings.BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert json.loads(answer) == [-7, []]


def test_the_c_library_is_in_utc():
    """It reads the system's files, so no time that it words may need rules."""
    assert time.localtime(WINTER.timestamp())[:6] == WINTER.timetuple()[:6]
    assert datetime.fromtimestamp(0).astimezone().utcoffset() == timedelta()


def test_django_shows_times_in_the_zone_of_the_utility(settings):
    """By the same rules; the setting follows the variable when the process starts."""
    assert settings.TIME_ZONE == settings.CDS_TIMEZONE
    assert str(timezone.get_default_timezone()) == settings.TIME_ZONE
    settings.CDS_TIMEZONE = "America/Vancouver"
    assert WINTER.astimezone(utility_zone()).hour == 13


@pytest.mark.django_db
def test_the_database_counts_in_utc():
    """Sessions in UTC need no rules of the database server, whose files are older still."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW TimeZone")
        assert cursor.fetchone() == ("UTC",)


def test_a_check_finds_rules_that_are_not_the_packages(tmp_path, monkeypatch):
    """Another path, or no package at all."""
    assert checks.check_zone_rules() == []
    with tzif.rules(tmp_path):
        assert [m.id for m in checks.check_zone_rules()] == ["portal.E009"]
        assert checks.name_zone_rules() == []
    monkeypatch.setitem(sys.modules, "tzdata", None)
    assert [m.id for m in checks.check_zone_rules()] == ["portal.E009"]


def test_the_check_before_a_deployment_names_the_version(capsys):
    """So that it can be compared with the latest release of the rules."""
    call_command("check", "--deploy", "--tag", "zones")
    assert f"Time zones follow the rules {LATEST}." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("zone", "at", "words"),
    [
        ("America/Vancouver", WINTER, "15 Dec 2026, 1:00 pm PT"),
        ("America/Edmonton", SUMMER, "15 Jul 2027, 2:00 pm MT"),
        ("America/Winnipeg", WINTER, "15 Dec 2026, 3:00 pm CT"),
        ("America/Los_Angeles", WINTER, "15 Dec 2026, 12:00 pm PST"),
        ("America/Phoenix", SUMMER, "15 Jul 2027, 1:00 pm MST"),
    ],
)
def test_the_name_of_a_zone_agrees_with_the_clock(zone, at, words):
    """Vancouver stays seven hours behind UTC; "PST" beside such a time would mean eight."""
    assert moment_words(at, ZoneInfo(zone)) == words


def test_earlier_summer_times_keep_their_name():
    """Before the change PST and PDT were what clocks showed."""
    vancouver = ZoneInfo("America/Vancouver")
    assert moment_words(datetime(2025, 12, 15, 20, tzinfo=UTC), vancouver).endswith("12:00 pm PST")
    assert moment_words(datetime(2025, 7, 15, 20, tzinfo=UTC), vancouver).endswith("1:00 pm PDT")
