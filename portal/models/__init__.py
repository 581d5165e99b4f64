"""Models of the foundation: people, the audit trail and the outbox."""

from portal.models.audit import AuditEvent, AuditSeal, SealedEvent
from portal.models.base import TimestampedModel
from portal.models.outbox import OutboxEntry
from portal.models.user import User

__all__ = ["AuditEvent", "AuditSeal", "OutboxEntry", "SealedEvent", "TimestampedModel", "User"]
