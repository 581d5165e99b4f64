"""The parts that identity rows and version rows of all structural kinds share.

An object is one identity row (its random public id and the utility's own key) and one row per
version. Versions follow the source's time: the source holds a version to be true from `as_of`
until `superseded_as_of`; `arrived` is when we stored it. If a version is corrected for the exact
instant at which it began, it keeps an empty span, so history is never overwritten.
"""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Identity(models.Model):
    """The part of an object that never changes.

    `cds_synced` is the time of the last check against the source; it changes without a new
    version. The source's key is unique per customer: a connection that serves two customers one
    after the other is two objects, so that an id never reveals one customer to another.
    """

    id = models.BigAutoField(primary_key=True)
    customer = models.ForeignKey(
        "customerdata.Customer", on_delete=models.PROTECT, related_name="%(class)ss"
    )
    source_key = models.CharField(max_length=200, help_text="The utility's own stable key")
    cds_created = models.DateTimeField(default=timezone.now, editable=False)
    cds_synced = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["customer", "source_key"], name="%(app_label)s_%(class)s_source_key"
            )
        ]


class VersionQuerySet(models.QuerySet[Any]):
    """Selects versions by when they hold."""

    def current(self) -> Self:
        """The versions that nothing has replaced."""
        return self.filter(superseded_as_of__isnull=True)

    def as_of(self, instant: datetime | Any) -> Self:
        """The versions that the source holds to be true at an instant (or an expression)."""
        return self.filter(
            Q(superseded_as_of__isnull=True) | Q(superseded_as_of__gt=instant), as_of__lte=instant
        )


class Version(models.Model):
    """One state of an object; subclasses add the object, its values and the primary key."""

    customer = models.ForeignKey(
        "customerdata.Customer", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    number = models.PositiveIntegerField(help_text="Counts arrivals per object, from 1")
    as_of = models.DateTimeField(help_text="True at the source since")
    superseded_as_of = models.DateTimeField(
        null=True, blank=True, help_text="True at the source until; null: still true"
    )
    arrived = models.DateTimeField(
        default=timezone.now, help_text="When it was stored, published as cds_modified"
    )

    objects: ClassVar[Any] = VersionQuerySet.as_manager()

    class Meta:
        abstract = True

    def holds(self, instant: datetime) -> bool:
        """Whether the source holds this to be true as of an instant."""
        return self.as_of <= instant and (
            self.superseded_as_of is None or instant < self.superseded_as_of
        )


def version_constraints(owner: str) -> list[models.BaseConstraint]:
    """Return the constraints of every kind's versions; `owner` is the object's field."""
    return [
        models.CheckConstraint(
            condition=Q(superseded_as_of__isnull=True) | Q(superseded_as_of__gte=F("as_of")),
            name="%(app_label)s_%(class)s_superseded_later",
        ),
        models.UniqueConstraint(
            fields=["customer", owner],
            condition=Q(superseded_as_of__isnull=True),
            name="%(app_label)s_%(class)s_one_current",
        ),
    ]
