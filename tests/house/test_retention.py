"""Every table has an answer to the question what ends its rows."""

from datetime import timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import CASCADE, Model

from portal.background.beat import SCHEDULE
from portal.retention import AgeLimit, EmptiedBy, LivesWith, answers


def models() -> dict[str, type[Model]]:
    """Return the models of the project and of installed libraries, by label."""
    return {model._meta.label: model for model in apps.get_models(include_auto_created=True)}


def test_every_model_says_what_ends_its_rows():
    """A table that nobody thought of grows until the disk is full."""
    assert {answer.model for answer in answers()} == set(models())


def test_what_lives_with_another_row_goes_with_it():
    """The foreign key exists, never is empty, and deletes."""
    for answer in answers():
        if isinstance(answer, LivesWith):
            field: Any = models()[answer.model]._meta.get_field(answer.parent)
            assert not field.null, answer
            assert field.remote_field.on_delete is CASCADE, answer


def test_age_limits_name_a_time_and_can_be_asked():
    """A misspelt column would be found by the first sweep only."""
    for answer in answers():
        if isinstance(answer, AgeLimit):
            field = models()[answer.model]._meta.get_field(answer.since)
            assert field.get_internal_type() == "DateTimeField", answer
            assert answer.age > timedelta(), answer


def test_tasks_that_take_rows_out_run_by_the_clock():
    """The sweep itself, and every other task that an answer names."""
    assert SCHEDULE["old-rows"]["schedule"] == 3600.0
    assert settings.CELERY_BEAT_SCHEDULE is SCHEDULE
    for answer in answers():
        if isinstance(answer, EmptiedBy):
            assert answer.schedule in SCHEDULE, answer
