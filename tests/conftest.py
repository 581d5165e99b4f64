"""Shared fixtures: the cast, the browser, loud skipping, and nothing left to the clock."""

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import expect

from portal.models import User
from tests.consent.oauth.support import (
    Party,
    QuietListener,
    make_party,
    offer_demo_scopes,
    plug_in_listener,
)
from tests.consent.pages.world import World, make_world

CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)

# Properties must hold; how long an example takes is a matter of the machine and its load.
hypothesis_settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the slow tests; skip browser tests without Chromium, in one loud line.

    In CI a missing Chromium is an error. Slow tests come first because a process that begins a
    long one last keeps all others waiting.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    browser_tests = [item for item in items if item.get_closest_marker("browser")]
    if CHROMIUM or not browser_tests:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError(
            f"Chromium is missing: {len(browser_tests)} browser tests cannot run."
        )
    config.stash[_SKIPPED] = len(browser_tests)
    for item in browser_tests:
        item.add_marker(pytest.mark.skip(reason="Chromium is not installed"))


_SKIPPED = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how many browser tests did not run."""
    count = config.stash.get(_SKIPPED, 0)
    if count:
        terminalreporter.write_line(
            f"!!! {count} browser tests did NOT run: install Chromium (apt-get install chromium)",
            red=True,
            bold=True,
        )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Drive the system's Chromium; containers run as root, hence no sandbox."""
    # Five seconds by default, which a busy machine may need for a page.
    expect.set_options(timeout=20_000)
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
        ],
    }


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Rate limits live in the cache; no test inherits another's."""
    cache.clear()


@pytest.fixture(autouse=True)
def _no_mail_in_requests(settings: Any) -> None:
    """Nobody waits for a mail server, on no page."""
    settings.EMAIL_BACKEND = "tests.mails.WorkersOnly"


@pytest.fixture
def stopped_clock() -> Iterator[None]:
    """Let no minute and no day end in the middle of a test, as windows of rate limits do."""
    with time_machine.travel(time.time(), tick=False):
        yield


@pytest.fixture(params=[True, False], ids=["prepared", "plain"])
def prepared_or_plain(request: pytest.FixtureRequest, settings: Any) -> None:
    """Run the test with prepared statements and again without: both answer alike."""
    settings.DATABASE_PREPARED_STATEMENTS = request.param


@pytest.fixture(autouse=True)
def _files_in_tmp(settings: Any, tmp_path: Path) -> None:
    """Uploaded and generated files of a test vanish with it."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


# --- The cast: who appears in tests of every app --------------------------------------------------


@pytest.fixture
def utility(db: None) -> None:
    """The utility, which offers what the demo offers."""
    offer_demo_scopes()


@pytest.fixture
def staff(db: None) -> User:
    """One of the utility's staff."""
    return User.objects.create_user("staff@example.com", is_staff=True)


@pytest.fixture
def acme(utility: None) -> Party:
    """A registered third party with its Clients."""
    return make_party()


@pytest.fixture
def rival(acme: Party) -> Party:
    """Another one, which must see nothing of the first."""
    return make_party()


@pytest.fixture
def quiet_listener(monkeypatch: pytest.MonkeyPatch) -> QuietListener:
    """Notes what consent tells the app above, which computes no access."""
    return plug_in_listener(monkeypatch)


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> World:
    """A company, the customers alice and carol with services, and a signed-in browser."""
    return make_world(monkeypatch)
