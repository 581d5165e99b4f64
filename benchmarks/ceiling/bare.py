"""WSGI entry point without a framework."""

from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.ceiling.page import PIECES


def application(
    environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
) -> Iterator[bytes]:
    """Answer every request with the page."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return (piece for piece in PIECES)
