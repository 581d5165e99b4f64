"""The secrets of a demo or test run: generated once per checkout, readable only by the owner."""

import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.fernet import Fernet

GENERATORS: Mapping[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "FIELD_ENCRYPTION_KEYS": lambda: Fernet.generate_key().decode(),
    "TOKEN_DIGEST_KEY": lambda: secrets.token_urlsafe(32),
}


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically; no other user can read it at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    scratch.replace(path)


def load_or_create(path: Path) -> dict[str, str]:
    """Return the secrets in the file; generate and add missing ones, but never change any.

    A changed FIELD_ENCRYPTION_KEYS would make every stored client secret unreadable.
    """
    found: dict[str, str] = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            name, separator, value = line.partition("=")
            if separator and not name.startswith("#"):
                found[name.strip()] = value.strip()
    missing = {name: make() for name, make in GENERATORS.items() if not found.get(name)}
    if missing:
        found |= missing
        write_private(path, "".join(f"{name}={value}\n" for name, value in found.items()))
    return found
