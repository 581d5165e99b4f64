"""Registration fields that staff configure, and the files that registrations submitted for them."""

from typing import Any, ClassVar

from django.db import models

from portal.ids import random_id
from portal.models import TimestampedModel
from registration.models.registration import Registration


def new_file_id() -> str:
    """Return the internal name of a stored file."""
    return random_id("file_")


def file_path(stored: "RegistrationFile", filename: str) -> str:
    """Return the storage path of a file; no part of it comes from the sender."""
    return f"registration/{stored.file_id}.{stored.extension}"


class OfferedRegistrationField(TimestampedModel):
    """One registration field of this deployment; `settings` is read by registration.fields.types.

    A row with the id of a standard field replaces that field.
    """

    field_id = models.CharField(max_length=100, unique=True)
    settings = models.JSONField(default=dict)

    class Meta:
        ordering = ("field_id",)

    def __str__(self) -> str:
        return self.field_id


class RegistrationFile(TimestampedModel):
    """An image or PDF of a registration, for staff to read."""

    EXTENSIONS: ClassVar[dict[str, str]] = {
        "image/png": "png",
        "image/jpeg": "jpg",
        "application/pdf": "pdf",
    }

    file_id = models.CharField(max_length=64, unique=True, default=new_file_id)
    registration = models.ForeignKey(Registration, on_delete=models.PROTECT, related_name="files")
    field_id = models.CharField(max_length=100)
    mime_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    content = models.FileField(upload_to=file_path, max_length=200)

    objects: ClassVar[Any] = models.Manager()

    def __str__(self) -> str:
        return self.file_id

    @property
    def extension(self) -> str:
        """The extension of its file name, derived from its checked type."""
        return self.EXTENSIONS.get(self.mime_type, "bin")
