"""The answer while the database is unavailable: 503, with the time to retry.

The database counts as unavailable whenever a retry may help: there is no connection, it was cut
or a pool did not provide one in time, or a statement timed out or was ended by a deadlock.
"""

import psycopg
from django.db import InterfaceError, OperationalError

from portal.errors import DomainError

RETRY_AFTER = 10


class DatabaseAway(DomainError):
    """The database is unavailable at the moment; `Retry-After` says when to try again."""

    code = "temporarily_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__("The service is temporarily unavailable; try again after Retry-After.")


def is_away(error: BaseException | None) -> bool:
    """Tell whether an error, of the framework or of the driver, means that it is unavailable."""
    away = OperationalError | InterfaceError | psycopg.OperationalError | psycopg.InterfaceError
    return isinstance(error, away)
