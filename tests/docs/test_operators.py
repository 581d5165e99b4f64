"""The guide for operators says what the program says."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands
from django.urls import Resolver404, resolve

from portal.env import VARIABLES
from portal.retention import as_markdown

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "operators" / "running.md").read_text(encoding="utf-8")


def test_the_table_of_variables_is_the_printed_one():
    """Paste the output of `manage.py print_env --markdown` when this fails."""
    printed = StringIO()
    call_command("print_env", markdown=True, stdout=printed)
    assert printed.getvalue().strip() in GUIDE


def test_the_table_of_old_rows_is_that_of_the_rules():
    """Paste what `portal.retention.as_markdown` returns when this fails."""
    assert as_markdown() in GUIDE


def test_every_variable_that_the_guide_sets_exists():
    """An operator who sets an unknown variable notices nothing."""
    named = set(re.findall(r"`([A-Z][A-Z_]+)=", GUIDE.split("## In production")[1]))
    assert named
    assert {name.removesuffix("_FILE") for name in named} <= set(VARIABLES)


def test_every_command_of_the_guide_exists():
    """Also after renames."""
    assert set(re.findall(r"manage\.py ([a-z_]+)", GUIDE)) <= set(get_commands())


def test_every_staff_command_is_in_the_guide():
    """Staff have no other way yet, so a command that is not listed does not exist for them."""
    listed = set(
        re.findall(r"^\| `([a-z_]+)[ `]", GUIDE.split("## Staff commands")[1], re.MULTILINE)
    )
    apps = {"registration", "consent", "portal"}
    found = {name for name, app in get_commands().items() if app in apps}
    # The other commands of customer data load it; that of the settings is for operators.
    assert (found | {"end_account_link"}) - {"print_env"} == listed


def test_every_program_of_the_guide_is_installed():
    """They come with the production lock file."""
    for program in re.findall(r"`\.venv/bin/(\w+) ", GUIDE):
        lock = (ROOT / "requirements" / "production.lock").read_text(encoding="utf-8")
        assert program == "python" or f"\n{program}==" in f"\n{lock}"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/accounts-link/"])
def test_the_addresses_of_the_guide_exist(path):
    """As they are written there."""
    assert f"`{path}`" in GUIDE
    try:
        resolve(path, urlconf=settings.ROOT_URLCONF)
    except Resolver404:
        pytest.fail(f"{path} does not exist")
