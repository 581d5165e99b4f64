"""How much parties may store: anyone can register, and nobody may fill the disk.

Whoever has neither met a requirement nor got a production Client is a stranger: strangers have a
share each, all together, and by the address that they come from. Everybody has a share of the day.
"""

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.http import ratelimits
from portal.http.context import current
from registration.errors import InvalidRequest
from registration.fields.files import DEFAULT_MAX_SIZE
from registration.fields.types import MEGABYTE, RegistrationField
from registration.models import Client, Message, Registration
from registration.models.field import RegistrationFile
from registration.models.onboarding import Requirement

# A Message without its files.
MAX_SKELETON: Final = 1_048_576
# What the rows of a Message take besides, and those of a registration with its Clients.
MESSAGE_ROWS: Final = 1_000
REGISTRATION_ROWS: Final = 20_000
# Twenty of the largest Messages, texts and files.
MESSAGES_PER_DAY: Final = 20
# How often a form may be handed in again; the newest counts.
HAND_INS: Final = 5
STRANGER: Final = 50 * MEGABYTE
_TOTAL: Final = "bytes-of-strangers"
_TOTAL_HOLDS_SECONDS: Final = 60


class TooMuchToday(InvalidRequest):
    """A party has sent so much today that storage has to be kept for the others."""

    code = "slow_down"
    status = 429


class NoRoom(InvalidRequest):
    """A party may store no more than it has."""

    code = "storage_limit"
    status = 403


class StorageFull(InvalidRequest):
    """All strangers together may store no more; that is no fault of this one."""

    code = "temporarily_unavailable"
    status = 503


def max_bytes() -> int:
    """Return how many bytes the files of one Message may have together.

    CDS-WG1-02 6.9 wants at least 10 megabytes.
    """
    return int(settings.MESSAGE_ATTACHMENT_MAX_BYTES)


def daily_bytes() -> int:
    """Return how much the Messages of one registration may hold a day, texts and files."""
    return MESSAGES_PER_DAY * (max_bytes() + MAX_SKELETON)


def stranger_bytes() -> int:
    """Return how much a registration may store until it has shown who it is."""
    return max(STRANGER, 2 * (max_bytes() + MAX_SKELETON))


def take_room_for_message(*, registration: Registration, size: int, field: str) -> None:
    """Let a Client store a Message of so many bytes, or raise.

    Raises TooMuchToday, and what `take_room` raises.
    """
    limit = daily_bytes()
    recent = Message.objects.of(registration).exclude(creator="")
    recent = recent.filter(created__gte=timezone.now() - timedelta(days=1))
    if _sum(recent) + size > limit:
        raise TooMuchToday(f"{field}: a registration may send {limit} bytes a day.", field=field)
    take_room(registration=registration, size=size, field=field)


def take_room_for_form(*, requirement: Requirement, asked: RegistrationField, size: int) -> None:
    """Let somebody with the link hand in a file, or raise NoRoom and what `take_room` raises."""
    registration, limit = requirement.registration, HAND_INS * (asked.max_size or DEFAULT_MAX_SIZE)
    earlier = RegistrationFile.objects.filter(
        registration=registration, field_id=requirement.field_id
    )
    if _sum(earlier) + size > limit:
        raise NoRoom(
            _("This form was handed in too often. The last file that you sent counts."),
            field="attachments",
        )
    take_room(registration=registration, size=size, field="attachments")


def take_room(*, registration: Registration, size: int, field: str | None = None) -> None:
    """Let a party store so many bytes more, or raise; parties that are known are not counted.

    Raises NoRoom, StorageFull, and TooManyRequests for the address.
    """
    if not strangers().filter(pk=registration.pk).exists():
        return
    limit = stranger_bytes()
    if _stored_by(Registration.objects.filter(pk=registration.pk)) + size > limit:
        raise NoRoom(
            _(
                "Until a step of onboarding is complete, a registration may store %(limit)s bytes. "
                "Complete one of the steps first, or ask us."
            )
            % {"limit": limit},
            field=field,
        )
    total = cache.get_or_set(_TOTAL, lambda: _stored_by(strangers()), _TOTAL_HOLDS_SECONDS)
    if int(total or 0) + size > settings.UNVERIFIED_STORAGE_BYTES:
        raise StorageFull(
            _("Too much is stored for new registrations. Try again tomorrow, or ask us."),
            field=field,
        )
    key = f"stored:{current.get().network}"
    ratelimits.take(ratelimits.Claim(settings.STRANGERS_BYTES_OF_ADDRESS, key, size))


def strangers() -> QuerySet[Registration]:
    """Return the registrations that nobody has looked at and nothing has proven."""
    met = Requirement.objects.filter(
        registration=OuterRef("pk"), status=Requirement.Status.COMPLETE
    )
    in_production = Client.objects.filter(
        registration=OuterRef("pk"),
        cds_status_options__contains=["production"],
        response_types__contains=["code"],
    )
    return Registration.objects.filter(~Exists(met), ~Exists(in_production))


def _stored_by(registrations: QuerySet[Registration]) -> int:
    return (
        _sum(registrations)
        + _sum(Message.objects.filter(registration__in=registrations).exclude(creator=""))
        + _sum(RegistrationFile.objects.filter(registration__in=registrations))
    )


def _sum(rows: QuerySet[Any]) -> int:
    return int(rows.aggregate(total=Sum("size"))["total"] or 0)
