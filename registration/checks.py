"""System checks of registration. Ids are stable, and each hint says what to change."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from portal.values.times import parse_datetime

SMALLEST_ATTACHMENT_LIMIT = 10_000_000


def check_published_settings(**kwargs: Any) -> list[CheckMessage]:
    """registration.E001, E002: settings that are published unchanged in the metadata."""
    problems: list[CheckMessage] = []
    try:
        parse_datetime(settings.SERVER_CREATED)
    except ValueError:
        problems.append(
            Error(
                f"SERVER_CREATED {settings.SERVER_CREATED!r} is not a datetime.",
                hint="Use the format 2026-01-01T00:00:00Z.",
                id="registration.E001",
            )
        )
    if settings.CDS_MIGRATED_TO and urlsplit(settings.CDS_MIGRATED_TO).scheme != "https":
        problems.append(
            Error(
                "CDS_MIGRATED_TO is not an https URL.",
                hint="Set it to the metadata URL of the new server (CDS-WG1-01 5).",
                id="registration.E002",
            )
        )
    return problems


def check_message_settings(**kwargs: Any) -> list[CheckMessage]:
    """registration.E003, E004: attachments and reviewed fields."""
    from registration.services.clients.review import REVIEWABLE

    problems: list[CheckMessage] = []
    if settings.MESSAGE_ATTACHMENT_MAX_BYTES < SMALLEST_ATTACHMENT_LIMIT:
        problems.append(
            Error(
                "MESSAGE_ATTACHMENT_MAX_BYTES is below 10 MB.",
                hint="Clients may rely on 10 MB being accepted (CDS-WG1-02 6.9).",
                id="registration.E003",
            )
        )
    unknown = sorted(set(settings.REVIEWED_CLIENT_FIELDS) - REVIEWABLE.keys())
    if unknown:
        problems.append(
            Error(
                f"REVIEWED_CLIENT_FIELDS names {', '.join(unknown)}.",
                hint=f"Allowed: {', '.join(REVIEWABLE)}.",
                id="registration.E004",
            )
        )
    return problems


def register() -> None:
    """Add all checks."""
    checks.register(check_published_settings)
    checks.register(check_message_settings)
