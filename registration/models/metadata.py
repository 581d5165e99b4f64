"""What a deployment publishes: coverage and offered scopes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from portal.models import TimestampedModel


class CoverageEntry(TimestampedModel):
    """An area or group that the server covers (CDS-WG1-01 4.3)."""

    class Type(models.TextChoices):
        GEOGRAPHIC = "geographic", "an area on the map"
        LOGICAL = "logical", "a group of customers"

    class Role(models.TextChoices):
        AUTHORITATIVE = "authoritative", "the utility itself"
        OFFICIAL = "official", "works by contract or mandate"
        AGGREGATOR = "aggregator", "no agreement with the utility"

    entry_id = models.SlugField(max_length=100, unique=True)
    entity_name = models.CharField(max_length=200)
    entity_abbreviation = models.CharField(max_length=50, blank=True)
    entity_number = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    type = models.CharField(max_length=20, choices=Type.choices)
    role = models.CharField(max_length=20, choices=Role.choices)
    infrastructure_types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    commodity_types = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    capabilities = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    geojson = models.JSONField(null=True, blank=True, help_text="WGS 84, as RFC 7946 4 wants")

    class Meta:
        ordering = ("-modified", "entry_id")
        verbose_name_plural = "coverage entries"
        constraints = [
            models.CheckConstraint(
                condition=~Q(type="geographic") | Q(geojson__isnull=False),
                name="%(app_label)s_%(class)s_geographic_has_map",
                violation_error_message="A geographic entry needs a GeoJSON map.",
            ),
            models.CheckConstraint(
                condition=~Q(capabilities__contains=["coverage"]),
                name="%(app_label)s_%(class)s_not_coverage_itself",
                violation_error_message="Coverage entries do not list the coverage capability.",
            ),
        ]

    def __str__(self) -> str:
        return self.entry_id


class OfferedScope(TimestampedModel):
    """One scope id of this deployment; `settings` is read by registration.catalogue.offers."""

    scope_id = models.CharField(max_length=100, unique=True)
    scope_type = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    settings = models.JSONField(default=dict)

    class Meta:
        ordering = ("position", "scope_id")

    def __str__(self) -> str:
        return self.scope_id


class PublishedDocument(models.Model):
    """When a metadata document first appeared and last changed (CDS-WG1-01 3.2 `updated`).

    Parts of the documents come from settings and code, so no row records when they changed; a
    digest of the last served version shows it.
    """

    name = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64)
    updated = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
