"""Terms as accepted by customers."""

from django.db import models
from django.utils import timezone


class TermsVersion(models.Model):
    """A text that at least one customer accepted; never changed, since receipts refer to it."""

    digest = models.CharField(max_length=64, unique=True)
    text = models.TextField()
    created = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.digest[:12]
