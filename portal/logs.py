"""Structured logs: every record carries the request id, none carries secrets or personal data."""

import logging

from portal.context import current


class RequestFilter(logging.Filter):
    """Adds the id that error pages and API errors show."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Attach `request_id`; never drops a record."""
        record.request_id = current.get().request_id
        return True
