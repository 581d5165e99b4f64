"""The audit trail: who did what, when, from where.

No foreign keys: a row can neither block nor vanish with the deletion of its subject.
Rows are written unhashed in the acting transaction; one sealer chains the committed ones later,
because a chain head in every transaction would serialize all writes (design: security baseline).
A database trigger marks each new event as unsealed in the same transaction, so that no writer can
forget to, and an event that commits late, with a lower id than sealed ones, is still found.
"""

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """One action. `details` holds facts for an investigation, no secrets or personal data."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=80)
    actor = models.CharField(max_length=200, help_text="kind:id of who acted, for example user:12")
    subject = models.CharField(max_length=200, help_text="kind:id of what was acted upon")
    registration = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-at"], name="portal_audit_subject"),
            models.Index(fields=["-at"], name="portal_audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor} {self.action} {self.subject}"


class AuditSeal(models.Model):
    """A link of the hash chain over a group of committed events."""

    at = models.DateTimeField(default=timezone.now, editable=False)
    event_ids = models.JSONField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.digest


class UnsealedEvent(models.Model):
    """An event that is not sealed yet; inserted by the trigger, deleted by the sealing.

    The sealer reads this short table, so its work does not grow with the trail.
    """

    event_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.event_id)


class SealedEvent(models.Model):
    """Which seal covers an event; kept apart so that events stay append-only."""

    event_id = models.BigIntegerField(primary_key=True)
    seal = models.ForeignKey(AuditSeal, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return str(self.event_id)
