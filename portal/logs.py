"""Structured logs: every record has the request id, none has secrets or personal data."""

import logging
import re
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

from portal.http.context import current

# Email addresses, sign-in codes in URLs, and anything long and random: tokens, codes, secrets, and
# the parts of paths that open a receipt or a form. Ids that are only names are shorter.
# All lengths are bounded and matches start only where a word does, so that long lines stay fast.
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
    """Adds the id that error pages and API errors show; removes the query of a URL."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Attach `request_id`; never drops a record.

        Django logs refused requests after they end, with the request in the record.
        """
        request = getattr(record, "request", None)
        record.request_id = getattr(request, "request_id", current.get().request_id)
        if isinstance(request, HttpRequest):
            record.request = f"{request.method} {request.path}"
        return True


class SuspicionFilter(logging.Filter):
    """Downgrades what the framework calls suspicious: a wrong Host header, too many fields.

    These requests were refused with 400. Anyone can send them at any time, so they are no cause for
    alarm.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Turn an error into a warning without a traceback; never drops a record."""
        if record.name.startswith("django.security.") and record.levelno >= logging.ERROR:
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = None
        return True


class RedactingFormatter(JsonFormatter):
    """Writes JSON lines; also redacts messages, exceptions and extra values of libraries."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        """Return the time of the event in UTC with the offset, to the millisecond (RFC 3339)."""
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Redact every value; objects become the text that would be written for them."""
        return {name: _plain(value) for name, value in super().process_log_record(log_data).items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def logging_config(level: str) -> dict[str, Any]:
    """Return the LOGGING setting: JSON lines to stderr, from `level` up."""
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
