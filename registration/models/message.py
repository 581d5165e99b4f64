"""Messages between the server and a registration, and their files (CDS-WG1-02 6)."""

from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from portal.ids import random_id
from portal.models import TimestampedModel
from registration.models.client import Client
from registration.models.message_states import CLIENT_TYPES, KINDS, OUTSTANDING
from registration.models.registration import Registration


def new_message_id() -> str:
    """Return the public id of a Message."""
    return random_id("msg_")


def new_attachment_id() -> str:
    """Return the public id of an attachment."""
    return random_id("att_")


def _statuses_by_type() -> Q:
    return reduce(
        or_, (Q(type=name, status__in=sorted(kind.statuses)) for name, kind in KINDS.items())
    )


class MessageQuerySet(models.QuerySet["Message"]):
    """Scopes of Messages."""

    def of(self, registration: Registration) -> "MessageQuerySet":
        """Only this registration's Messages."""
        return self.filter(registration=registration)

    def outstanding(self) -> "MessageQuerySet":
        """Messages that are waiting for one of the two sides.

        An update only reports the status of another Message, and its own status stays that one
        (6.2).
        """
        return self.filter(status__in=sorted(OUTSTANDING)).exclude(type="request_update")

    def waiting_for_staff(self) -> "MessageQuerySet":
        """Requests and submissions that staff of the utility have to decide."""
        return self.outstanding().filter(status="pending")

    def for_wire(self) -> "MessageQuerySet":
        """Load what the wire form needs, with a fixed number of queries."""
        return self.select_related("previous", "registration").prefetch_related("attachments")


class Message(TimestampedModel):
    """One Message; `creator` is a client_id, or "" for Messages of the server."""

    message_id = models.CharField(max_length=64, unique=True, default=new_message_id)
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="messages"
    )
    type = models.CharField(max_length=40)
    status = models.CharField(max_length=20)
    read = models.BooleanField(default=False)
    creator = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    related_type = models.CharField(max_length=40, blank=True)
    related_uri = models.CharField(max_length=2000, blank=True)
    previous = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replies"
    )
    client = models.ForeignKey(
        Client,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="messages",
        help_text="Which Client shall change, get Grants or get a production counterpart",
    )
    updates_requested = models.JSONField(default=list, blank=True)
    grants_requested = models.JSONField(default=list, blank=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    size = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Bytes of a Client's texts and files, and of the rows",
    )

    objects: ClassVar[Any] = MessageQuerySet.as_manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["registration", "-modified"], name="registration_message_list"),
            # The staff queue and its count select waiting Messages of all parties.
            models.Index(
                fields=["created"],
                condition=Q(status="pending"),
                name="registration_message_queue",
            ),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=_statuses_by_type(), name="%(app_label)s_%(class)s_status_of_type"
            ),
            models.CheckConstraint(
                condition=Q(creator="") | Q(type__in=sorted(CLIENT_TYPES)),
                name="%(app_label)s_%(class)s_creator_of_type",
            ),
            models.CheckConstraint(
                condition=Q(related_uri="", related_type="")
                | (~Q(related_uri="") & ~Q(related_type="")),
                name="%(app_label)s_%(class)s_related_in_pairs",
            ),
            models.CheckConstraint(
                condition=~Q(type="request_update") | Q(previous__isnull=False),
                name="%(app_label)s_%(class)s_update_of_something",
            ),
            models.UniqueConstraint(
                fields=["client"],
                condition=Q(type="production_request", status="pending"),
                name="%(app_label)s_%(class)s_one_production_request",
                violation_error_message="A production request for this Client is waiting already.",
            ),
        ]

    def __str__(self) -> str:
        return self.message_id


class MessageAttachment(TimestampedModel):
    """A file of a Message (6.7). Its name in storage is random and reveals nothing."""

    attachment_id = models.CharField(max_length=64, unique=True, default=new_attachment_id)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="attachments")
    filename = models.CharField(max_length=200)
    declared_type = models.CharField(max_length=100)
    content_type = models.CharField(max_length=100, help_text="What the content turned out to be")
    size = models.PositiveIntegerField(help_text="bytes")
    sha256 = models.CharField(max_length=64)
    stored_as = models.CharField(max_length=200, unique=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["pk"]

    def __str__(self) -> str:
        return self.attachment_id
