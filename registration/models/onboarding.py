"""What a registration has to do before production use, and the links to its pages (3.6)."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from portal.ids import random_id
from portal.models import TimestampedModel
from registration.fields.types import FieldType
from registration.models.client import Client
from registration.models.field import RegistrationFile
from registration.models.message import Message
from registration.models.registration import Registration


def new_requirement_id() -> str:
    """Return the id of a requirement, which staff use."""
    return random_id("req_")


def new_link_id() -> str:
    """Return the random part of a link."""
    return random_id("l", length=32)


def new_logo_token() -> str:
    """Return the random part of a logo's URL."""
    return random_id("logo_")


def logo_path(logo: "ClientLogo", filename: str) -> str:
    """Return the storage path of a logo."""
    return f"logos/{logo.token}.png"


class RequirementQuerySet(models.QuerySet["Requirement"]):
    """Scopes of requirements."""

    def of(self, registration: Registration) -> "RequirementQuerySet":
        """Only this registration's requirements."""
        return self.filter(registration=registration)

    def unmet(self) -> "RequirementQuerySet":
        """Requirements that still block scopes."""
        return self.exclude(status=Requirement.Status.COMPLETE)

    def held_back(self) -> set[str]:
        """Return the scopes that are waiting for at least one of these requirements."""
        return {
            scope for scopes in self.unmet().values_list("scopes", flat=True) for scope in scopes
        }

    def with_expired_links(self, now: datetime) -> "RequirementQuerySet":
        """Open requirements whose newest link no longer works."""
        return self.filter(
            status=Requirement.Status.OPEN, link_expires__isnull=False, link_expires__lte=now
        )


class Requirement(TimestampedModel):
    """One registration field of a registration that asks for an action (CDS-WG1-02 3.6).

    `status` is that of the request Message. `scopes` are waiting for this requirement. `message` is
    the newest request Message, which is a reply to older ones.
    """

    class Status(models.TextChoices):
        OPEN = "open", "waiting for the company"
        PENDING = "pending", "waiting for us"
        COMPLETE = "complete", "done"
        REJECTED = "rejected", "rejected"

    requirement_id = models.CharField(max_length=64, unique=True, default=new_requirement_id)
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="requirements"
    )
    field_id = models.CharField(max_length=100)
    type = models.CharField(max_length=40)
    scopes = ArrayField(models.CharField(max_length=100), default=list)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.OPEN)
    message = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    link_expires = models.DateTimeField(null=True, blank=True)
    answer = models.JSONField(default=dict, blank=True, help_text="What was submitted on a page")
    file = models.ForeignKey(
        RegistrationFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    reference = models.CharField(max_length=40, blank=True, help_text="Printed on the invoice")
    paid_by = models.ForeignKey(
        "registration.Payment",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The card payment that met the fee; others that arrive are paid back",
    )
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="linked_registrations",
        help_text="Who signed in for self-access",
    )
    decided = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    objects: ClassVar[Any] = RequirementQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["registration", "field_id"], name="%(app_label)s_%(class)s_once"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["complete", "rejected"], decided__isnull=False)
                | Q(status__in=["open", "pending"], decided__isnull=True),
                name="%(app_label)s_%(class)s_decided_iff_over",
            ),
            models.CheckConstraint(
                condition=~Q(status="rejected") | ~Q(reason=""),
                name="%(app_label)s_%(class)s_rejection_has_reason",
                violation_error_message="A rejection needs a reason.",
            ),
            models.CheckConstraint(
                condition=Q(paid_by__isnull=True) | Q(status="complete"),
                name="%(app_label)s_%(class)s_paid_is_complete",
            ),
            models.UniqueConstraint(
                fields=["reference"],
                condition=~Q(reference=""),
                name="%(app_label)s_%(class)s_reference",
            ),
        ]

    def __str__(self) -> str:
        return self.requirement_id

    @property
    def needs_a_look(self) -> bool:
        """Whether the third party submitted something for staff to review, other than money."""
        return self.status == self.Status.PENDING and self.type != FieldType.PAYMENT_REQUIRED


class RequirementLink(models.Model):
    """A link to a requirement's page, which can be used any number of times until it expires."""

    link_id = models.CharField(max_length=64, unique=True, default=new_link_id)
    requirement = models.ForeignKey(Requirement, on_delete=models.CASCADE, related_name="links")
    expires = models.DateTimeField()

    objects: ClassVar[Any] = models.Manager()

    def __str__(self) -> str:
        return self.link_id


class VerificationCode(TimestampedModel):
    """A code sent to a contact; `attempts` counts every attempt."""

    MAX_ATTEMPTS = 5

    requirement = models.ForeignKey(Requirement, on_delete=models.CASCADE, related_name="codes")
    address = models.CharField(max_length=320)
    digest = models.CharField(max_length=64)
    ciphertext = models.TextField(help_text="Encrypted until it is mailed")
    expires = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[Any] = models.Manager()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["requirement", "-created"], name="registration_code_newest")
        ]

    def __str__(self) -> str:
        return f"code of {self.requirement_id}"


class ClientLogo(TimestampedModel):
    """This server's copy of a Client's logo, redrawn as PNG; pages show it, never the original."""

    client = models.OneToOneField(Client, on_delete=models.CASCADE, related_name="logo")
    token = models.CharField(max_length=64, unique=True, default=new_logo_token)
    source_uri = models.CharField(max_length=2000)
    image = models.FileField(upload_to=logo_path, max_length=200)

    objects: ClassVar[Any] = models.Manager()

    def __str__(self) -> str:
        return self.token
