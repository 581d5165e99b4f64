"""Migrations of tables that hold rows already leave them usable meanwhile."""

from collections.abc import Iterator

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db.migrations import AddConstraint, CreateModel, RemoveConstraint
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models import CheckConstraint

from tests.house.test_code_rules import APPS


def operations() -> Iterator[tuple[tuple[str, str], set[str], Operation]]:
    """Yield each operation in order: its migration, the models that this one creates, itself."""
    found = MigrationLoader(None).disk_migrations
    for key in sorted(key for key in found if key[0] in APPS):
        steps = found[key].operations
        created = {step.name_lower for step in steps if isinstance(step, CreateModel)}
        for step in steps:
            yield key, created, step


def test_rules_for_rows_that_are_there_are_added_first_and_checked_later():
    """Checking reads the whole table; in the step that adds the rule it would lock everybody out.

    `AddConstraintNotValid` adds it, `ValidateConstraint` in a later migration checks the old rows.
    """
    at_once: list[tuple[str, ...]] = []
    unchecked: dict[tuple[str, str], str] = {}
    for key, created, step in operations():
        app, name = key
        if isinstance(step, ValidateConstraint):
            assert unchecked.pop((app, step.name), "") < name, f"{key} checks what it adds itself"
        elif isinstance(step, RemoveConstraint):
            unchecked.pop((app, step.name), None)
        elif isinstance(step, AddConstraint) and isinstance(step.constraint, CheckConstraint):
            if isinstance(step, AddConstraintNotValid):
                unchecked[app, step.constraint.name] = name
            elif step.model_name_lower not in created:
                at_once.append((*key, step.constraint.name))
    assert at_once == []
    assert unchecked == {}
