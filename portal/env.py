"""Typed access to environment variables; the only reader of `os.environ` besides the launchers.

Each call declares the variable with its help text for the operator's table (`manage.py print_env`),
so that documentation, `.env.example` and code cannot drift apart.
A value can also come from a file that `NAME_FILE` names (container secrets).
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

Shape = TypeVar("Shape", list[Any], dict[str, Any])


@dataclass(frozen=True, slots=True)
class Variable:
    """One documented environment variable; it is required if `default` is None."""

    name: str
    kind: str
    default: str | None
    help: str
    secret: bool = False


VARIABLES: dict[str, Variable] = {}


def _read(variable: Variable) -> str | None:
    VARIABLES[variable.name] = variable
    file = os.environ.get(f"{variable.name}_FILE")
    if file:
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(variable.name)


def env_str(name: str, *, default: str | None = None, help: str) -> str:  # noqa: A002
    """Return a text variable; raise ImproperlyConfigured if it is required and missing."""
    value = _read(Variable(name, "text", default, help))
    if value is None:
        value = default
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}: {help}")
    return value


def env_bool(name: str, *, default: bool, help: str) -> bool:  # noqa: A002
    """Return a yes/no variable; values other than 1, 0, true, false raise ImproperlyConfigured."""
    value = _read(Variable(name, "1 or 0", "1" if default else "0", help))
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true"}:
        return True
    if value.lower() in {"0", "false"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}: {help}")


def env_int(name: str, *, default: int, help: str) -> int:  # noqa: A002
    """Return an integer variable; raise ImproperlyConfigured for anything else."""
    value = _read(Variable(name, "integer", str(default), help))
    if value is None or value == "":
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be an integer, not {value!r}: {help}") from None


def env_list(name: str, *, default: str | None = "", help: str) -> list[str]:  # noqa: A002
    """Return a comma-separated variable as a list without empty parts.

    With the default None it is listed as required; a system check reports it if it is missing.
    """
    value = _read(Variable(name, "comma-separated list", default, help))
    text = default if value is None else value
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def env_secret(name: str, *, help: str) -> str:  # noqa: A002
    """Return a required secret; it has no default on purpose and is never printed."""
    value = _read(Variable(name, "secret", None, help, secret=True))
    if not value:
        raise ImproperlyConfigured(
            f"Set the secret {name} (or {name}_FILE): {help}. `make demo` generates one."
        )
    return value


def env_json(name: str, *, shape: type[Shape], help: str) -> Shape:  # noqa: A002
    """Return an optional JSON list or object that may contain secrets, empty if unset.

    Raises ImproperlyConfigured for anything else, without quoting the value.
    """
    word = "list" if shape is list else "object"
    value = _read(Variable(name, f"JSON {word}, secret", "", help, secret=True))
    if not value:
        return shape()
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise ImproperlyConfigured(f"{name} is not JSON at {place}: {help}") from None
    if not isinstance(parsed, shape):
        raise ImproperlyConfigured(f"{name} must be a JSON {word}: {help}")
    return parsed


def put_c_library_in_utc() -> None:
    """Undo the time zone that Django set in the C library.

    The C library knows only the machine's rules (see `portal.values.zone_rules`). Code that uses
    it, such as `time.localtime` and log timestamps, is in UTC instead, which needs no rules.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()
