"""Shared fixtures: the browser's whereabouts and loud skipping. Nothing else is shared here."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

CHROMIUM = next(
    (
        path
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (path := shutil.which(name))
    ),
    None,
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip browser tests without Chromium, in one loud line; in CI that is an error."""
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
def _files_in_tmp(settings: Any, tmp_path: Path) -> None:
    """Uploaded and generated files of a test vanish with it."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
