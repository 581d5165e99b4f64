"""Messages between the server and a registration (CDS-WG1-02 6)."""

from typing import ClassVar

from django.db import models

from portal.ids import random_id
from portal.models import TimestampedModel
from registration.models.registration import Registration


def new_message_id() -> str:
    """Return the public id of a Message."""
    return random_id("msg_")


class Message(TimestampedModel):
    """One Message; so far the server writes its changelog of Clients and Credentials (5.3, 7.3)."""

    message_id = models.CharField(max_length=64, unique=True, default=new_message_id)
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="messages"
    )
    type = models.CharField(max_length=40)
    status = models.CharField(max_length=20)
    read = models.BooleanField(default=False)
    creator = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    related_type = models.CharField(max_length=40, blank=True)
    related_uri = models.CharField(max_length=2000, blank=True)
    previous = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="replies"
    )

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["registration", "-modified"], name="registration_message_list")
        ]

    def __str__(self) -> str:
        return self.message_id
