"""Zones are Python's business: the database and the C library have rules of their own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.house.test_code_rules import ROOT

FOLDERS = ["portal", "registration", "consent", "customerdata", "benchmarks"]
# Each applies the zone of the session, by the rules of the database server.
LOOKUP = re.compile(
    r"__(date|time|year|iso_year|quarter|month|week|week_day|iso_week_day|day|hour|minute|second)"
    r"(__[a-z]+)?$"
)
FUNCTION = re.compile(r"(Trunc|Extract)[A-Z]?\w*$")
STATEMENT = re.compile(
    r"\bat\s+time\s+zone\b|\bset\s+(session\s+|local\s+)?time\s*zone\b|\bdate_(trunc|part|bin)\b"
    r"|\b(to_char|make_date|make_timestamp|age)\s*\(|\b(current_(date|time|timestamp))\b"
    r"|\blocaltime(stamp)?\b|::\s*(date|time|timestamp)\b"
    r"|\bextract\s*\((?!\s*epoch\b)|\bmake_interval\s*\((?!\s*secs\b)"
    r"|\binterval\s+'[^']*(day|week|month|year)",
    re.I,
)
LIBRARIES = {"pytz", "tzlocal", "dateutil.tz"}


def zone_uses(source: str) -> Iterator[int]:
    """Yield the lines that leave a zone to the database, or take rules from elsewhere."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    bad: object
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names = {f"{module}.{alias.name}" for alias in node.names}
            bad = names & LIBRARIES or module in LIBRARIES
            if module.startswith("django.db.models"):
                bad = bad or any(FUNCTION.match(alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            bad = {alias.name for alias in node.names} & LIBRARIES
        elif isinstance(node, ast.Attribute):
            of_a_database = FUNCTION.match(node.attr) and ast.unparse(node.value) == "functions"
            bad = of_a_database or node.attr in {"dates", "datetimes", "localtime", "mktime"}
        elif isinstance(node, ast.keyword):
            bad = node.arg and LOOKUP.search(node.arg)
        elif isinstance(node, ast.Name):
            bad = node.id == "date_hierarchy"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = LOOKUP.search(node.value) or STATEMENT.search(node.value)
            bad = words and id(node) not in prose
        elif isinstance(node, ast.Call):
            bad = ast.unparse(node) == "ZoneInfo(settings.CDS_TIMEZONE)"
        else:
            continue
        if bad:
            yield getattr(node, "lineno", 0)


def test_no_statement_and_no_lookup_applies_a_zone():
    """PostgreSQL would use its own files, which may lack a change that the portal knows."""
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*.py"))
        for line in zone_uses(file.read_text(encoding="utf-8"))
    ]
    # The one place where the utility's zone is made of its setting.
    assert [line.partition(":")[0] for line in found] == ["portal/values/times.py"]


@pytest.mark.parametrize(
    "specimen",
    [
        "from django.db.models.functions import TruncMonth",
        "from django.db.models.functions.datetime import ExtractYear",
        "from django.db.models import functions\nfunctions.TruncDay('at')",
        "rows.filter(created__date=day)",
        "rows.filter(created__year__gte=2026)",
        "rows.order_by('created__month')",
        "Q(**{'created__week_day': 1})",
        "rows.datetimes('created', 'month')",
        "class A:\n    date_hierarchy = 'created'",
        "SQL = '''SELECT at AT TIME ZONE %s'''",
        "f'SELECT date_trunc({x}, at)'",
        "'SELECT at::date FROM t'",
        "'WHERE at > CURRENT_DATE'",
        "'SELECT extract(month FROM at)'",
        "x = \"at + interval '1 month'\"",
        "x = 'make_interval(months => 1)'",
        "x = 'SET TIME ZONE LOCAL'",
        "from dateutil import tz",
        "from dateutil.tz import gettz",
        "import pytz",
        "time.localtime()",
        "zone = ZoneInfo(settings.CDS_TIMEZONE)",
    ],
)
def test_the_rule_finds(specimen):
    """A rule that finds nothing anywhere may simply be broken."""
    specimen = f"x = {specimen}" if specimen.startswith(("'", "f'")) else specimen
    assert list(zone_uses(specimen))


@pytest.mark.parametrize(
    "specimen",
    [
        "x = 'ceil(extract(epoch FROM low - start) / 60)'",
        "x = 'make_interval(secs => pack.interval)'",
        "x = '%(lows)s::timestamptz[]'",
        "rows.filter(created__gte=at)",
        "from dateutil.relativedelta import relativedelta",
    ],
)
def test_the_rule_leaves_alone(specimen):
    """Instants and seconds are the same in every zone."""
    assert not list(zone_uses(specimen))
