"""Consent while the broker is away, and the worker that sets up a large choice."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.db import connection
from playwright.sync_api import expect

from consent.models import Grant
from portal.celery import app as celery_app
from tests.browser.world import latest_grant, run_waiting_work, waiting_work

pytestmark = pytest.mark.browser

NOBODY_LISTENS = "redis://127.0.0.1:1/0"
HEADING = "You allowed Acme Energy Auditors to receive your energy data"


@pytest.fixture
def broker(monkeypatch: Any) -> Callable[[str], None]:
    """Let the portal use another broker."""

    def use(url: str) -> None:
        monkeypatch.setattr(celery_app.conf, "broker_url", url)
        # Connections of the former broker are pooled.
        monkeypatch.setattr(celery_app.amqp, "_producer_pool", None)
        monkeypatch.setattr(celery_app, "_pool", None)

    return use


@pytest.fixture
def no_servers(broker: Any, settings: Any) -> None:
    """Redis is gone, and with it broker and cache."""
    broker(NOBODY_LISTENS)
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": NOBODY_LISTENS},
    }


def test_consent_without_a_broker(cast, visitor, password, no_servers) -> None:
    """Nobody notices: the receipt shows, the mail waits and is sent by the sweep."""
    cast.home("ana")
    visitor.go(cast.ask(redirect_uri=cast.app.cds_default_redirect_uri))
    visitor.sign_in("ana@example.com", password)
    visitor.look()
    visitor.box("222222").check()
    pressed = time.monotonic()
    visitor.press("Authorize")
    visitor.sees(HEADING)
    assert time.monotonic() - pressed < 10, "the customer waits for a broker that is not there"
    visitor.look()
    assert latest_grant().status == Grant.Status.ACTIVE
    assert "consent.tasks.send_receipt" in waiting_work()
    assert mail.outbox == []
    run_waiting_work()
    assert waiting_work() == []
    assert len(mail.outbox) == 1


@pytest.fixture
def worker(portal: str, broker: Any, tmp_path: Path) -> Iterator[None]:
    """A Celery worker with its clock, on the test's database."""
    # Another run on this machine may take our messages from this number; beat makes up for it.
    redis = urlsplit(os.environ["REDIS_URL"])._replace(path="/11").geturl()
    broker(redis)
    name = connection.settings_dict["NAME"]
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "BASE_URL": portal,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker"]
    options = ["-P", "solo", "-l", "ERROR", "-B", "-s", str(tmp_path / "beat")]
    process = subprocess.Popen([*command, *options], env=environment)
    yield
    process.terminate()
    process.wait(30)


@pytest.mark.slow
def test_a_worker_sets_up_a_large_choice(cast, visitor, signed_in, worker) -> None:
    """Pending after Authorize, then sharing: a real worker gets the nudge or finds the row."""
    cast.services("cleo", 240)
    signed_in(visitor, "cleo").go(cast.ask(redirect_uri=cast.app.cds_default_redirect_uri))
    visitor.look()
    visitor.press("Select all")
    visitor.press("Authorize")
    visitor.sees(HEADING)
    visitor.look()
    deadline = time.monotonic() + 120
    while latest_grant().status == Grant.Status.PENDING and time.monotonic() < deadline:
        time.sleep(0.5)
    visitor.page.reload()
    expect(visitor.page.get_by_text("Sharing", exact=True)).to_be_visible()
