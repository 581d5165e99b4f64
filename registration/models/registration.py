"""The organization that registered, and the people who can act for it."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from portal.ids import random_id
from portal.models import TimestampedModel


def new_registration_id() -> str:
    """Return the public id of a registration."""
    return random_id("reg_")


class Registration(TimestampedModel):
    """A third party: the standard's "Client" as an organization, never an OAuth client."""

    registration_id = models.CharField(max_length=64, unique=True, default=new_registration_id)
    name = models.CharField(max_length=255, blank=True)
    contacts = models.JSONField(default=list, blank=True)
    fields = models.JSONField(
        default=dict, blank=True, help_text="Registration fields as submitted (CDS-WG1-02 3.5)"
    )
    size = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="Bytes of what was submitted but files, and of the rows",
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="RegistrationMember", related_name="registrations"
    )

    def __str__(self) -> str:
        return self.name or self.registration_id


class RegistrationMember(TimestampedModel):
    """A developer's membership in a registration."""

    class Role(models.TextChoices):
        OWNER = "owner", "owner"
        MEMBER = "member", "member"
        READER = "reader", "read only"

    registration = models.ForeignKey(
        Registration, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(max_length=10, choices=Role.choices)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["registration", "user"], name="%(app_label)s_%(class)s_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.role}"
