"""Fields that all our records have."""

from django.db import models
from django.utils import timezone


class TimestampedModel(models.Model):
    """When a row was created and last changed.

    `modified` is set by services, not by auto_now: for several objects the standard says which
    changes count (for example, CDS-WG3-01 10.1.1 `cds_synced` does not).
    """

    created = models.DateTimeField(default=timezone.now, editable=False)
    modified = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True
