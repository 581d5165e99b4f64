"""Files that the utility provides to a third party (CDS-WG1-02 9)."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models

from portal.ids import random_id
from portal.models import TimestampedModel
from registration.models.registration import Registration

MIME_TYPE = r"^[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,60}$"


def new_file_id() -> str:
    """Return the public id of a file."""
    return random_id("file_")


def stored_name(file: "ServerProvidedFile", filename: str) -> str:
    """Return the storage path of a file, without a name or extension that a person chose."""
    return f"server-provided-files/{random_id(length=40)}"


class ServerProvidedFile(TimestampedModel):
    """A file for one party; Grants that list its `file_id` decide who can read it (3.3.3)."""

    file_id = models.CharField(max_length=64, unique=True, default=new_file_id)
    registration = models.ForeignKey(
        Registration, on_delete=models.PROTECT, related_name="provided_files"
    )
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    mime_type = models.CharField(max_length=130, validators=[RegexValidator(MIME_TYPE)])
    size = models.PositiveBigIntegerField(help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    content = models.FileField(upload_to=stored_name, max_length=200)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["registration", "-modified", "-id"], name="registration_file_list")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(sha256__regex="^[0-9a-f]{64}$"),
                name="%(app_label)s_%(class)s_checksum",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""), name="%(app_label)s_%(class)s_has_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name
