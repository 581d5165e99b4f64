"""The entries that this app declares itself."""

import pytest

from registration.catalogue import admin


@pytest.fixture(autouse=True)
def registered_entries():
    """Make sure the admin scope types are there, whatever ran before."""
    admin.register()
