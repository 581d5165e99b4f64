"""When rows are deleted: every table has an answer, and one hourly task deletes by age.

An app registers its answers from `AppConfig.ready()`; a test requires one for every model,
including those of installed libraries. A model can have several, if its rows end in different ways.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.apps import apps
from django.db import models, transaction
from django.db.models import Q

log = logging.getLogger(__name__)

BATCH = 1000
# After this long, a sweep leaves the rest to the next one, so that it does not delay other work.
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """Rows of `where` are deleted once the time in `since` is longer ago than `age`.

    `since` names a column whose rows without a value stay; `over` names one whose time must also
    have passed. `rows` is the description for operators.
    """

    model: str
    rows: str
    age: timedelta
    since: str
    where: Q = field(default_factory=Q)
    over: str = ""

    def due(self, now: datetime) -> "models.QuerySet[models.Model]":
        """Return the rows that are too old."""
        rows: models.QuerySet[models.Model] = apps.get_model(self.model)._base_manager.all()
        if self.over:
            rows = rows.filter(**{f"{self.over}__lt": now})
        return rows.filter(self.where, **{f"{self.since}__lt": now - self.age})


@dataclass(frozen=True, slots=True)
class LivesWith:
    """Rows are deleted in cascade with the one that the foreign key `parent` names."""

    model: str
    parent: str


@dataclass(frozen=True, slots=True)
class EmptiedBy:
    """Another scheduled task, with this name in the schedule, deletes the rows."""

    model: str
    schedule: str
    rows: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows are kept, for the reason in `why`."""

    model: str
    why: str


Answer = AgeLimit | LivesWith | EmptiedBy | Kept
_answers: dict[tuple[str, str], Answer] = {}


def register_retention(*answers: Answer) -> None:
    """Register when rows of models end; raises ValueError if an answer is repeated, a bug."""
    for answer in answers:
        key = (answer.model, getattr(answer, "rows", ""))
        if key in _answers:
            raise ValueError(f"retention: {key} is registered twice")
        _answers[key] = answer


def answers() -> list[Answer]:
    """Return all answers, ordered by model."""
    return [_answers[key] for key in sorted(_answers)]


def age_limits() -> list[AgeLimit]:
    """Return the rules of the hourly task, ordered by model."""
    return [answer for answer in answers() if isinstance(answer, AgeLimit)]


def as_markdown() -> str:
    """Return the table for the operator guide: what is deleted when, except in cascade."""
    lines = ["| table | rows | end |", "| --- | --- | --- |"]
    for answer in answers():
        if isinstance(answer, AgeLimit):
            end = f"{_in_words(answer.age)} after `{answer.since}`"
            lines.append(f"| `{answer.model}` | {answer.rows} | {end} |")
        elif isinstance(answer, EmptiedBy):
            lines.append(f"| `{answer.model}` | {answer.rows} | by the task `{answer.schedule}` |")
    return "\n".join(lines)


def _in_words(age: timedelta) -> str:
    for unit, seconds in (("day", 86_400), ("hour", 3600)):
        count, rest = divmod(int(age.total_seconds()), seconds)
        if count and not rest:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    raise ValueError(f"{age} is neither whole days nor whole hours")


def sweep(
    *,
    now: datetime,
    limits: Sequence[AgeLimit] | None = None,
    seconds: float = SECONDS,
    batch: int = BATCH,
) -> int:
    """Delete what is too old; return how many rows were deleted, not counting cascades.

    The tables take turns, with one batch and transaction each, until nothing is left or the time is
    up. Safe to run twice at once: locked rows are left for the next time.
    """
    ends = time.monotonic() + seconds
    waiting = list(age_limits() if limits is None else limits)
    count = 0
    while waiting:
        deleted = [_attempt(limit, now, batch) for limit in waiting]
        count += sum(deleted)
        waiting = [limit for limit, n in zip(waiting, deleted, strict=True) if n == batch]
        if time.monotonic() >= ends:
            break
    return count


def _attempt(limit: AgeLimit, now: datetime, batch: int) -> int:
    try:
        return _delete_batch(limit, now, batch)
    except Exception:  # must not stop the other tables
        log.exception("old rows stay", extra={"table": limit.model, "rows": limit.rows})
        return 0


@transaction.atomic
def _delete_batch(limit: AgeLimit, now: datetime, batch: int) -> int:
    rows = limit.due(now).select_for_update(skip_locked=True, of=("self",))
    keys = list(rows.values_list("pk", flat=True)[:batch])
    apps.get_model(limit.model)._base_manager.filter(pk__in=keys).delete()
    return len(keys)
