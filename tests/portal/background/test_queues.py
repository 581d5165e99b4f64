"""Fetches have a queue, workers and a sweep of their own; mails never wait for them."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from embedded.demo import portal_programs
from embedded.layout import Layout
from portal.background import mail, outbox
from portal.background.queues import DEFAULT, FETCH_TASKS, FETCHES
from portal.celery import app as celery_app
from portal.crypto import encrypt
from portal.models import OutboxEntry
from portal.tasks import sweep_outbox
from registration.services.clients.website_and_logo import LOGO_TASK
from tests.factories.registration import ClientFactory
from tests.portal.fetching.silent_names import DOMAIN

SILENT_NAMES = "tests.portal.fetching.silent_names"
HANGING = 50
PATIENCE = 60.0
seen: list[bool] = []


@shared_task(name="tests.fetch")
def fetch() -> None:
    """Note whether a transaction is open, as a fetch that hangs would keep it."""
    seen.append(connection.in_atomic_block)


@shared_task(name="tests.fetch_nothing")
def fetch_nothing() -> None:
    """Break."""
    raise ValueError("broken")


@pytest.fixture(autouse=True)
def fetches(settings) -> None:
    """The tasks of this file go the way of fetches."""
    seen.clear()
    settings.FETCH_TASKS = FETCH_TASKS | {"tests.fetch", "tests.fetch_nothing"}


def promised(task: str, *args: str) -> OutboxEntry:
    """Promise work that is due since a minute ago, whose nudge was lost."""
    with transaction.atomic():
        due = timezone.now() - timedelta(minutes=1)
        entry = outbox.enqueue(task, *args, not_before=due)
    assert entry is not None
    return entry


def test_every_fetch_is_a_task():
    """A renamed task would silently move to the mails' workers."""
    celery_app.loader.import_default_modules()
    assert set(celery_app.tasks) >= FETCH_TASKS


@pytest.mark.django_db
def test_work_is_nudged_in_its_queue(django_capture_on_commit_callbacks, monkeypatch):
    """Each worker listens to one queue."""
    sent: list[str] = []
    monkeypatch.setattr(celery_app, "send_task", lambda task, args, **kw: sent.append(kw["queue"]))
    with django_capture_on_commit_callbacks(execute=True):
        for task in ("tests.fetch", mail.STORED_TASK, *sorted(FETCH_TASKS)):
            outbox.enqueue(task)
    assert sent == [FETCHES, DEFAULT, FETCHES, FETCHES]


@pytest.mark.django_db
def test_a_sweep_runs_the_work_of_its_queue_alone():
    """The mails' worker that takes over a fetch would wait for a stranger after all."""
    entry = promised("tests.fetch")
    sweep_outbox()
    assert seen == []
    sweep_outbox(FETCHES)
    assert len(seen) == 1
    entry.refresh_from_db()
    assert (entry.status, entry.attempts) == (OutboxEntry.Status.DONE, 1)
    entry = promised("tests.unknown")
    sweep_outbox(FETCHES)
    entry.refresh_from_db()
    assert entry.attempts == 0


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_around_a_fetch():
    """It would hold its row, and keep the database from cleaning up, for as long as it hangs."""
    outbox.run(promised("tests.fetch").pk)
    assert seen == [False]


@pytest.mark.django_db
def test_a_fetch_that_runs_is_left_to_its_process():
    """Two deliveries at once, or a sweep in the middle, fetch once."""
    entry = promised("tests.fetch")
    claimed = outbox._claim(entry.pk)
    assert claimed is not None
    assert outbox.run(entry.pk) is False
    assert outbox.due_entries(timezone.now(), queue=FETCHES) == []
    assert seen == []


@pytest.mark.django_db
def test_a_fetch_whose_process_died_is_taken_over(time_machine):
    """At least once: after a while another process does it, and the late one changes nothing."""
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    entry = promised("tests.fetch")
    died = outbox._claim(entry.pk)
    assert died is not None
    time_machine.shift(outbox.CLAIM + outbox.NUDGE_GRACE)
    sweep_outbox(FETCHES)
    assert len(seen) == 1
    assert outbox._still_claimed(died) is None
    entry.refresh_from_db()
    assert (entry.status, entry.attempts) == (OutboxEntry.Status.DONE, 2)


@pytest.mark.django_db
def test_a_fetch_that_kills_its_process_is_given_up(time_machine):
    """Each try counts when it begins: none is left to count it when it ends."""
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    entry = promised("tests.fetch")
    for _ in range(outbox.MAX_ATTEMPTS):
        assert outbox._claim(entry.pk) is not None
        time_machine.shift(outbox.CLAIM)
    assert outbox.run(entry.pk) is False
    entry.refresh_from_db()
    assert (entry.status, seen) == (OutboxEntry.Status.FAILED, [])
    assert entry.error


@pytest.mark.django_db
def test_a_failing_fetch_is_tried_again_later(time_machine):
    """With the same growing pauses as all work, and as often."""
    time_machine.move_to("2026-03-01T12:00:00Z", tick=False)
    entry = promised("tests.fetch_nothing")
    pauses = []
    for _ in range(outbox.MAX_ATTEMPTS):
        assert outbox.run(entry.pk) is True
        entry.refresh_from_db()
        pauses.append((entry.not_before - timezone.now()).total_seconds())
        time_machine.move_to(entry.not_before, tick=False)
    assert pauses[:3] == [10, 20, 40]
    assert (entry.status, entry.attempts) == (OutboxEntry.Status.FAILED, outbox.MAX_ATTEMPTS)
    assert "broken" in entry.error


@pytest.fixture
def mails(tmp_path: Path) -> Path:
    """The folder of mails."""
    folder = tmp_path / "mail"
    folder.mkdir()
    return folder


@pytest.fixture
def workers(tmp_path: Path, mails: Path) -> Iterator[None]:
    """The demo's workers and beat on the test's database; one domain's name servers are silent.

    Another run on this machine may take or forget our nudges in the broker; beat makes up for it.
    """
    name = connection.settings_dict["NAME"]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "MAIL_DIR": str(mails),
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    layout = Layout.of("demo", checkout=Path.cwd(), local=tmp_path)
    programs = portal_programs(layout, environment, host="127.0.0.1", port=0)
    commands = [
        [
            word if word != "portal" else "tests.portal.fetching.silent_names"
            for word in program.argv
        ]
        for program in programs
        if program.name != "web"
    ]
    assert [command.count("worker") for command in commands] == [1, 1, 0]
    with (tmp_path / "workers.log").open("wb") as log:
        processes = [
            subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            for command in commands
        ]
        yield
        for command, process in zip(commands, processes, strict=True):
            # Workers end at once, whatever they wait for; beat may have inherited to ignore that.
            process.send_signal(signal.SIGQUIT if "worker" in command else signal.SIGTERM)
        for process in processes:
            process.wait(60)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_mail_never_waits_for_strangers(workers, mails):
    """Fifty logos that hang in the look-up of their host were promised first."""
    for number in range(HANGING):
        logo = f"https://n{number}.{DOMAIN}/logo.png"
        outbox.enqueue(LOGO_TASK, ClientFactory(logo_uri=logo).client_id)
    outbox.enqueue(
        mail.STORED_TASK, encrypt(json.dumps(["Hello", "Text", ["ana@example.com"], []]))
    )
    ends = time.monotonic() + PATIENCE
    while not any("Subject: Hello" in each.read_text() for each in mails.iterdir()):
        assert time.monotonic() < ends, "the mail waits"
        time.sleep(0.1)
    waiting = OutboxEntry.objects.filter(task=LOGO_TASK, status=OutboxEntry.Status.READY)
    assert waiting.count() > HANGING / 2
    while not waiting.filter(attempts=1).exists() and time.monotonic() < ends:
        time.sleep(0.1)
    assert waiting.filter(attempts=1).exists(), "nobody runs the fetches"
