"""Delivery state of background work, stored only in PostgreSQL."""

from typing import ClassVar

from django.db import models
from django.utils import timezone


class OutboxEntry(models.Model):
    """One piece of work promised inside a transaction.

    A task may be delivered twice; `unique_key` makes one-time effects unique in the database.
    """

    class Status(models.TextChoices):
        READY = "ready", "waiting"
        DONE = "done", "done"
        FAILED = "failed", "gave up"

    task = models.CharField(max_length=120)
    args = models.JSONField(default=list)
    unique_key = models.CharField(max_length=200, null=True, blank=True, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.READY)
    not_before = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(status="ready", finished__isnull=True)
                | (~models.Q(status="ready") & models.Q(finished__isnull=False)),
                name="%(app_label)s_%(class)s_finished_with_status",
            )
        ]
        indexes = [
            # The sweep queries only due work.
            models.Index(
                fields=["not_before"],
                condition=models.Q(status="ready"),
                name="portal_outbox_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.status}"
