"""System checks of registration; ids are stable, each hint says what to change."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from portal.times import parse_datetime


def check_published_settings(**kwargs: Any) -> list[CheckMessage]:
    """registration.E001, E002: settings that the metadata publishes as they are."""
    problems: list[CheckMessage] = []
    try:
        parse_datetime(settings.SERVER_CREATED)
    except ValueError:
        problems.append(
            Error(
                f"SERVER_CREATED {settings.SERVER_CREATED!r} is not a datetime.",
                hint="Write it as 2026-01-01T00:00:00Z.",
                id="registration.E001",
            )
        )
    if settings.CDS_MIGRATED_TO and urlsplit(settings.CDS_MIGRATED_TO).scheme != "https":
        problems.append(
            Error(
                "CDS_MIGRATED_TO is not an https URL.",
                hint="Name the metadata URL of the new server (CDS-WG1-01 5).",
                id="registration.E002",
            )
        )
    return problems


def register() -> None:
    """Add all checks."""
    checks.register(check_published_settings)
