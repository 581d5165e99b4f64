"""What is answered while the database cannot: 503 and when to come back.

Away is whatever trying again may mend: no connection, one that was cut or that a pool did not give
in time, and a statement that the database ended because it took too long or waited in a circle.
"""

import psycopg
from django.db import InterfaceError, OperationalError

from portal.errors import DomainError

RETRY_AFTER = 10


class DatabaseAway(DomainError):
    """The database does not answer at the moment; `Retry-After` says when to try again."""

    code = "temporarily_unavailable"
    status = 503

    def __init__(self) -> None:
        super().__init__("The service cannot answer at the moment; wait as long as Retry-After.")


def is_away(error: BaseException | None) -> bool:
    """Tell whether an error, of the framework or of the driver, says that."""
    away = OperationalError | InterfaceError | psycopg.OperationalError | psycopg.InterfaceError
    return isinstance(error, away)
