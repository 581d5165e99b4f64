"""Programs that a bare machine may lack; continuous integration may not."""

import os
import shutil

import pytest


def require_programs(*names: str, what: str) -> None:
    """Skip a test of `what` loudly without these programs; in CI that is a failure."""
    missing = [name for name in names if shutil.which(name) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"{' and '.join(missing)} is missing: {what} cannot run.")
    if missing:
        pytest.skip(f"!!! {what} did NOT run: apt-get install {' '.join(missing)}")
