"""The script of examples/whole-life, as people run it, against a server with the demo's offers."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from customerdata.demo.developer import publish_offers
from customerdata.demo.people import create_people
from portal.background import outbox
from portal.models import OutboxEntry
from registration import tasks  # noqa: F401 -- the worker knows them
from registration.fields.types import FieldType
from registration.models import Client
from tests.programs import require_programs

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "whole-life" / "run.sh"
PATIENCE = 300

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _programs() -> None:
    """A bare machine may go without; continuous integration may not."""
    require_programs("curl", "jq", what=str(SCRIPT.relative_to(ROOT)))


@pytest.fixture
def environment(live_server: Any, settings: Any, tmp_path: Path) -> dict[str, str]:
    """A running demo, and what its staff's commands need to reach the same data."""
    settings.BASE_URL = live_server.url
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.MAIL_DIR = settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    create_people()
    publish_offers()
    database = urlsplit(os.environ["DATABASE_URL"])._replace(
        path=f"/{connection.settings_dict['NAME']}"
    )
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "DATABASE_URL": database.geturl(),
        "BASE_URL": live_server.url,
        "MEDIA_ROOT": settings.MEDIA_ROOT,
        "MAIL_DIR": settings.MAIL_DIR,
        "MANAGE": f"{sys.executable} manage.py",
    }


@pytest.fixture
def _worker() -> Iterator[None]:
    """Do what was promised while the script goes on, as the demo's worker does."""
    ends = threading.Event()

    def work() -> None:
        while not ends.wait(0.2):
            ready = OutboxEntry.objects.filter(
                status=OutboxEntry.Status.READY, not_before__lte=timezone.now()
            )
            for entry in ready.order_by("pk"):
                outbox.run(entry.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ends.set()
    thread.join()


def run(environment: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """Run the script with the shell that a bare machine has."""
    return subprocess.run(
        ["sh", str(SCRIPT), *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.usefixtures("_worker")
def test_a_whole_life(environment: dict[str, str]) -> None:
    """From discovery to the last Client disabled, through every kind of step to production."""
    done = run(environment, environment["BASE_URL"])
    assert done.returncode == 0, done.stdout
    told = re.findall(r"^ *\d+\. (.+)$", done.stdout, re.MULTILINE)
    assert len(told) == len(done.stdout.splitlines())
    taken = {line.partition(":")[0] for line in told}
    assert {kind.value for kind in FieldType if kind.is_flow} <= taken
    assert [client.scopes for client in Client.objects.enabled()] == [["cds_client_admin"]]


def test_an_unexpected_answer_stops_it(environment: dict[str, str]) -> None:
    """It says what came instead, and goes no further."""
    failing = environment | {"MANAGE": f"{sys.executable} manage.py no-such-command"}
    done = run(failing, environment["BASE_URL"])
    assert done.returncode != 0
    assert "Stopped after step 2: manage.py list_requests failed" in done.stdout


def test_without_a_demo_it_says_so(environment: dict[str, str]) -> None:
    """The first thing that goes wrong for a newcomer."""
    done = run(environment, "http://127.0.0.1:9")
    assert done.returncode != 0
    assert "no demo is running at http://127.0.0.1:9" in done.stdout
