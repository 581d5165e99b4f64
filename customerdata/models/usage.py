"""Usage series, their packs of values, completeness, and the cache of rendered text.

The store keeps one row per segment and version, not one per interval (CDS-WG3-01 10.8).
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from customerdata.usage_values.codec import Pack, decode
from customerdata.usage_values.formats import ColumnFormat, column_from_json
from customerdata.usage_values.segments import (
    months_digest,
)
from customerdata.usage_values.wire import SegmentFormat
from portal.ids import random_id


class UsageSeriesQuerySet(models.QuerySet["UsageSeries"]):
    """Selects series by time zone and by the rules along which they were cut."""

    def zones(self) -> list[str]:
        """The time zones in use."""
        return list(self.order_by("zone").values_list("zone", flat=True).distinct())

    def cut_otherwise(self, zone: str) -> UsageSeriesQuerySet:
        """Series of a zone whose packs may cross the current month boundaries (ADR 9)."""
        today = months_digest(ZoneInfo(zone))
        return self.filter(zone=zone, interval__isnull=False).exclude(cut_under=today)


class UsageSeries(models.Model):
    """Readings that belong together: one contract, account, meter, interval and set of units.

    A change of any of these starts a new series, so a pack never spans one.
    """

    class Commodity(models.TextChoices):
        ELECTRIC = "electric", "Electricity"
        NATURAL_GAS = "natural_gas", "Natural gas"
        WATER = "water", "Water"
        FUEL_OIL = "fuel_oil", "Fuel oil"
        OTHER = "other", "Other"

    public_id = models.CharField(max_length=32, unique=True, default=random_id, editable=False)
    customer = models.ForeignKey(
        "customerdata.Customer", on_delete=models.CASCADE, related_name="usage_series"
    )
    account = models.ForeignKey(
        "customerdata.Account",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="usage_series",
    )
    contract = models.ForeignKey(
        "customerdata.ServiceContract",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="usage_series",
    )
    service_point = models.ForeignKey(
        "customerdata.ServicePoint",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="usage_series",
    )
    meter = models.ForeignKey(
        "customerdata.MeterDevice",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="usage_series",
    )
    commodity = models.CharField(max_length=16, choices=Commodity)
    interval = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Seconds; empty for periods of varying length (bills, local gas days).",
    )
    zone = models.CharField(max_length=64, help_text="IANA time zone of the local month.")
    lane = models.PositiveSmallIntegerField(
        default=0, help_text="Counts sources that state overlapping readings side by side."
    )
    grid = models.CharField(
        max_length=24,
        blank=True,
        default="",
        help_text="What can lie side by side, see customerdata.usage.grids; empty: not stated.",
    )
    columns = models.JSONField(help_text="Column formats in the order of the packs.")
    sources = models.JSONField(
        default=dict,
        blank=True,
        help_text="By column: what feeds it, in the source's own name; empty: nothing said so.",
    )
    created = models.DateTimeField(default=timezone.now, editable=False)
    cut_under = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text="Digest of the months along which the packs were cut; empty: not known.",
    )

    objects = UsageSeriesQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "usage series"
        constraints = [
            models.CheckConstraint(
                condition=Q(interval__isnull=True) | Q(interval__gt=0),
                name="%(app_label)s_%(class)s_interval_positive",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.commodity} series {self.public_id}"

    @property
    def formats(self) -> list[ColumnFormat]:
        """The declared columns."""
        return [column_from_json(data) for data in self.columns]

    @property
    def tzinfo(self) -> ZoneInfo:
        """The time zone whose months limit the packs."""
        return ZoneInfo(self.zone)

    @property
    def cut_otherwise(self) -> bool:
        """True if packs may cross a month boundary because the rules have changed since."""
        return self.interval is not None and self.cut_under != months_digest(self.tzinfo)


class UsagePackQuerySet(models.QuerySet["UsagePack"]):
    """Selects versions of segments."""

    def current(self) -> UsagePackQuerySet:
        """The versions that nothing has replaced."""
        return self.filter(superseded_at__isnull=True)

    def as_of(self, at: datetime | None) -> UsagePackQuerySet:
        """The versions that were true at the source at `at`; None means now."""
        if at is None:
            return self.current()
        return self.filter(Q(superseded_at__isnull=True) | Q(superseded_at__gt=at), as_of__lte=at)

    def lasting(self) -> UsagePackQuerySet:
        """The versions that hold at any instant: not replaced at the one at which they began."""
        return self.filter(Q(superseded_at__isnull=True) | Q(superseded_at__gt=F("as_of")))

    def overlapping(self, start: datetime | None, end: datetime | None) -> UsagePackQuerySet:
        """Segments that overlap [start, end); None is unbounded."""
        found = self
        if start is not None:
            found = found.filter(segment_end__gt=start)
        if end is not None:
            found = found.filter(segment_start__lt=end)
        return found


class UsagePack(models.Model):
    """One version of one segment's values; rows are never changed once superseded.

    The table is partitioned by the month of `segment_start` (migration 0002), hence the key. A
    version holds from `as_of` up to `superseded_at`, both in the time of the utility's system.
    Versions for which the two are equal were replaced by a later delivery for the same instant.
    """

    pk = models.CompositePrimaryKey("customer_id", "series_id", "segment_start", "version")
    # No separate index: the primary key begins with customer and series.
    customer = models.ForeignKey(
        "customerdata.Customer", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    series = models.ForeignKey(
        UsageSeries, on_delete=models.CASCADE, related_name="packs", db_index=False
    )
    contract = models.ForeignKey(
        "customerdata.ServiceContract",
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Copied from the series: listings walk packs contract by contract.",
    )
    segment_start = models.DateTimeField()
    segment_end = models.DateTimeField()
    version = models.PositiveIntegerField()
    public_id = models.CharField(max_length=32, help_text="The same for all versions.")
    as_of = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    cds_created = models.DateTimeField()
    cds_modified = models.DateTimeField()
    cds_synced = models.DateTimeField()
    interval = models.PositiveIntegerField(help_text="Seconds between values.")
    count = models.PositiveIntegerField(help_text="Number of value sets.")
    blob = models.BinaryField(help_text="The packed columns, see customerdata.usage_values.codec.")
    digest = models.BinaryField(max_length=16, help_text="Equal exactly for equal content.")
    formats_text = models.TextField(help_text="JSON of the formats that have values, in order.")
    rendered = models.BinaryField(help_text="Compressed JSON text of values in all formats.")

    objects = UsagePackQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(segment_end__gt=F("segment_start")),
                name="%(app_label)s_%(class)s_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(superseded_at__isnull=True) | Q(superseded_at__gte=F("as_of")),
                name="%(app_label)s_%(class)s_superseded_later",
            ),
            models.UniqueConstraint(
                fields=["customer", "series", "segment_start"],
                condition=Q(superseded_at__isnull=True),
                name="%(app_label)s_%(class)s_one_current",
            ),
        ]
        indexes = [
            # Listing: the segments of one contract by time, current or as of an instant.
            models.Index(fields=["contract", "segment_start"], name="usagepack_contract_start"),
            models.Index(fields=["series", "segment_start"], name="usagepack_series_start"),
            models.Index(fields=["public_id"], name="usagepack_public_id"),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} version {self.version}"

    @property
    def formats(self) -> tuple[SegmentFormat, ...]:
        """The formats that have values, in the order of the rendered text."""
        return parse_formats(self.formats_text)

    @property
    def lasts(self) -> bool:
        """True if the version holds at any instant; see `UsagePackQuerySet.lasting`."""
        return self.superseded_at is None or self.superseded_at > self.as_of

    def unpacked(self) -> Pack:
        """The values as typed columns."""
        return decode(bytes(self.blob))


@lru_cache(maxsize=4096)
def parse_formats(text: str) -> tuple[SegmentFormat, ...]:
    """Parse `UsagePack.formats_text`, cached: most packs of a deployment share a few texts."""
    return tuple(SegmentFormat.from_json(entry) for entry in json.loads(text))


class CompletenessQuerySet(models.QuerySet["CompletenessRange"]):
    """Selects ranges with readings and ranges without."""

    def gaps(self) -> CompletenessQuerySet:
        """Ranges without values."""
        return self.filter(complete=False)


class CompletenessRange(models.Model):
    """A run of intervals of the current packs that all have values, or that all lack them."""

    customer = models.ForeignKey(
        "customerdata.Customer", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    series = models.ForeignKey(
        UsageSeries, on_delete=models.CASCADE, related_name="completeness", db_index=False
    )
    start = models.DateTimeField()
    end = models.DateTimeField()
    complete = models.BooleanField()

    objects = CompletenessQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(end__gt=F("start")), name="%(app_label)s_%(class)s_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["series", "start"], name="%(app_label)s_%(class)s_one_per_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{'values' if self.complete else 'gap'} {self.start:%Y-%m-%d %H:%M}"


class UsageRender(models.Model):
    """Cached text of `values` for a subset of a pack's formats.

    The key is a hash of content and subset, so a row is never stale. `prune_renders` in
    `customerdata.usage.reading` limits the table, which can be emptied at any time.
    """

    key = models.BinaryField(primary_key=True, max_length=16)
    text = models.BinaryField(help_text="Compressed JSON text.")
    used_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"render {bytes(self.key).hex()}"
