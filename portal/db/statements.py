"""How long one database statement can take, by the kind of process.

A web process gives up before its proxy does, and a worker long before the time limit of its tasks,
so that a runaway statement blocks neither a thread nor all other background work. Commands have no
limit: migrations and imports take as long as they need.
"""

from django.conf import settings


def limit_statements(seconds: int) -> None:
    """Make the database cancel statements of this process that take longer; 0 means no limit.

    Called before the first connection. It is a startup option of the connection, so that a pooler
    refuses it at once instead of passing it on to other processes.
    """
    if not seconds:
        return
    options = settings.DATABASES["default"].setdefault("OPTIONS", {})
    given = options.get("options", "")
    options["options"] = f"{given} -c statement_timeout={seconds}s".strip()
