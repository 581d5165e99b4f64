"""Structured logs: every record carries the request id, none carries secrets or personal data."""

import logging
import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from portal.http.context import current

# Mail addresses, codes of sign-ins in addresses, and what is long and random: tokens, codes,
# secrets, and the parts of paths that open a receipt or a form. Ids that only name something are
# shorter.
# Bounded everywhere, and begun only where a word begins: a long line must not take long.
_PRIVATE = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
    r"|(?<=[?&]code=)[^&\s'\"<>]{1,2000}"
    r"|(?<![\w-])(?=[a-z_-]{0,64}[0-9A-Z])[\w-]{40,}",
    re.ASCII,
)
_GONE = "[removed]"


def redact(text: str) -> str:
    """Return a text without email addresses and without anything that grants access."""
    return _PRIVATE.sub(_GONE, text)


class RequestFilter(logging.Filter):
    """Adds the id that error pages and API errors show; leaves out what was asked in an address."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Attach `request_id`; never drops a record.

        Django logs refused requests when they are over, with the request in the record.
        """
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", current.get().request_id)
        if isinstance(request, HttpRequest):
            record.request = f"{request.method} {request.path}"
        return True


class SuspicionFilter(logging.Filter):
    """Lowers what the framework calls suspicious: a wrong Host header, too many fields.

    It was refused with 400. Anyone can send it at any time, so it must not raise an alarm.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Make an error a warning, without a traceback; never drops a record."""
        if record.name.startswith("django.security.") and record.levelno >= logging.ERROR:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = None
        return True


class RedactingFormatter(JsonFormatter):
    """Writes JSON lines; messages, exceptions and extra values of libraries are redacted too."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return when it happened, in UTC with the offset, to the millisecond (RFC 3339)."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Redact every value; objects become the text that they would be written as."""
        return {name: _plain(value) for name, value in super().process_log_record(log_data).items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def logging_config(level: str) -> dict[str, Any]:
    """Return the LOGGING setting: JSON lines on the error stream, from `level` up."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "request": {"()": "portal.logs.RequestFilter"},
            "suspicion": {"()": "portal.logs.SuspicionFilter"},
        },
        "formatters": {
            "json": {
                "()": "portal.logs.RedactingFormatter",
                "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s %(request_id)s",
            }
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["request", "suspicion"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False}
        },
    }
