"""The registries of the catalogue."""

from dataclasses import replace
from typing import Any

import pytest

from registration.catalogue import admin, types


def test_registering_again_changes_nothing():
    """AppConfig.ready() runs more than once in some tools."""
    before = dict(types.scope_types()), dict(types.fields())
    admin.register()
    assert (dict(types.scope_types()), dict(types.fields())) == before


def test_two_entries_cannot_share_a_name():
    """A second declaration would silently change what requests mean."""
    with pytest.raises(ValueError, match="twice"):
        types.register_scope_type(replace(admin.SCOPE_TYPES[0], title="Other"))
    with pytest.raises(ValueError, match="twice"):
        types.register_field(replace(admin.FIELDS[0], name="Other"))


def test_the_registries_cannot_be_changed_from_outside():
    """Only the register functions add entries."""
    entries: Any = types.scope_types()
    with pytest.raises(TypeError):
        entries["other"] = admin.SCOPE_TYPES[0]
