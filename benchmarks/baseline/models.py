"""The baseline's one table."""

from django.db import models


class Segment(models.Model):
    """A usage segment with its values as JSON."""

    segment_id = models.CharField(max_length=64, unique=True)
    segment_start = models.DateTimeField(db_index=True)
    segment_end = models.DateTimeField()
    interval = models.DecimalField(max_digits=10, decimal_places=0)
    formats = models.JSONField()
    values = models.JSONField()

    class Meta:
        app_label = "baseline"

    def __str__(self) -> str:
        return self.segment_id
