"""Models of the foundation: people, the audit trail, the outbox and accepted terms."""

from portal.models.audit import AuditEvent, AuditSeal, SealedEvent, UnsealedEvent
from portal.models.base import TimestampedModel
from portal.models.outbox import OutboxEntry
from portal.models.terms import TermsVersion
from portal.models.user import User

__all__ = [
    "AuditEvent",
    "AuditSeal",
    "OutboxEntry",
    "SealedEvent",
    "TermsVersion",
    "TimestampedModel",
    "UnsealedEvent",
    "User",
]
