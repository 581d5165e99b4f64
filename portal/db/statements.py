"""How long one statement of the database may take, by the kind of process.

A web process gives up before its proxy does, a worker long before the time limit of its tasks, so
that a statement gone wrong neither holds a thread nor all other background work. Commands have no
limit: migrations and imports take as long as they take.
"""

from django.conf import settings


def limit_statements(seconds: int) -> None:
    """Make the database end statements of this process that take longer; 0 leaves them alone.

    Called before the first connection. It goes with the connection's start, so that a pooler in
    between refuses it at once instead of handing it on to other processes.
    """
    if not seconds:
        return
    options = settings.DATABASES["default"].setdefault("OPTIONS", {})
    given = options.get("options", "")
    options["options"] = f"{given} -c statement_timeout={seconds}s".strip()
