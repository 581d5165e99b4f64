"""Fields that every model has."""

from django.db import models
from django.utils import timezone


class TimestampedModel(models.Model):
    """When a row was made and last changed.

    `modified` is written by services, not by auto_now: the standard says for several objects which
    changes count (for example CDS-WG3-01 10.1.1 `cds_synced` does not).
    """

    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
