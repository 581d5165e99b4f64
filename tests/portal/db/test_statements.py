"""The database ends statements that take too long, in web processes and workers alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
_SHOW = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(cursor.fetchone()[0])
"""
_PROCESSES = {
    "web": "import portal.wsgi",
    "worker": "import portal, django; django.setup(); from celery.signals import worker_init; "
    "worker_init.send(sender=None)",
    "command": "import sys; sys.argv = ['manage.py', 'check']; import manage; manage.main()",
}


@pytest.mark.parametrize(
    ("process", "limits", "shown"),
    [
        ("web", {}, "30s"),
        ("worker", {}, "2min"),
        ("command", {}, "0"),
        ("web", {"WEB_STATEMENT_SECONDS": "0"}, "0"),
        ("worker", {"WORKER_STATEMENT_SECONDS": "7"}, "7s"),
    ],
)
def test_a_process_limits_its_statements_by_its_kind(process, limits, shown):
    """Imports and migrations take as long as they take; people and other work do not wait."""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings"} | limits
    done = subprocess.run(
        [sys.executable, "-c", f"{_PROCESSES[process]}\n{_SHOW}"],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[-1] == shown
