"""How much parties can store: anyone can register, but nobody must be able to fill the disk.

A party that has neither met a requirement nor got a production Client is a stranger, which means
unverified: strangers are limited individually, all together, and by network address. Every party
has a daily limit.
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
# The size of the other rows of a Message, and of those of a registration with its Clients.
MESSAGE_ROWS: Final = 1_000
REGISTRATION_ROWS: Final = 20_000
# Twenty Messages of maximum size, with texts and files.
MESSAGES_PER_DAY: Final = 20
# How often a form can be submitted again; the latest one counts.
HAND_INS: Final = 5
STRANGER: Final = 50 * MEGABYTE
_TOTAL: Final = "bytes-of-strangers"
_TOTAL_HOLDS_SECONDS: Final = 60


class TooMuchToday(InvalidRequest):
    """A party has reached its daily limit, which keeps storage available for others."""

    code = "slow_down"
    status = 429


class NoRoom(InvalidRequest):
    """A party has reached its storage limit."""

    code = "storage_limit"
    status = 403


class StorageFull(InvalidRequest):
    """All strangers together have reached the limit, through no fault of this one."""

    code = "temporarily_unavailable"
    status = 503


def max_bytes() -> int:
    """Return how many bytes the files of one Message can have in total.

    CDS-WG1-02 6.9 requires at least 10 megabytes.
    """
    return int(settings.MESSAGE_ATTACHMENT_MAX_BYTES)


def daily_bytes() -> int:
    """Return how many bytes of texts and files a registration can send in Messages per day."""
    return MESSAGES_PER_DAY * (max_bytes() + MAX_SKELETON)


def stranger_bytes() -> int:
    """Return how many bytes a registration can store until it is verified."""
    return max(STRANGER, 2 * (max_bytes() + MAX_SKELETON))


def take_room_for_message(*, registration: Registration, size: int, field: str) -> None:
    """Reserve room for a Message of a given number of bytes, or raise.

    Raises TooMuchToday, and what `take_room` raises.
    """
    limit = daily_bytes()
    recent = Message.objects.of(registration).exclude(creator="")
    recent = recent.filter(created__gte=timezone.now() - timedelta(days=1))
    if _sum(recent) + size > limit:
        raise TooMuchToday(
            f"{field}: a registration can send at most {limit} bytes per day.", field=field
        )
    take_room(registration=registration, size=size, field=field)


def take_room_for_form(*, requirement: Requirement, asked: RegistrationField, size: int) -> None:
    """Reserve room for a form from a link's page. Raises NoRoom, and what `take_room` raises."""
    registration, limit = requirement.registration, HAND_INS * (asked.max_size or DEFAULT_MAX_SIZE)
    earlier = RegistrationFile.objects.filter(
        registration=registration, field_id=requirement.field_id
    )
    if _sum(earlier) + size > limit:
        raise NoRoom(
            _("This form has been submitted too many times. The last file that you sent counts."),
            field="attachments",
        )
    take_room(registration=registration, size=size, field="attachments")


def take_room(*, registration: Registration, size: int, field: str | None = None) -> None:
    """Reserve room for more bytes of a party, or raise; verified parties are not limited.

    Raises NoRoom, StorageFull, and TooManyRequests for the address.
    """
    if not strangers().filter(pk=registration.pk).exists():
        return
    limit = stranger_bytes()
    if _stored_by(Registration.objects.filter(pk=registration.pk)) + size > limit:
        raise NoRoom(
            _(
                "Until an onboarding step is complete, a registration can store at most "
                "%(limit)s bytes. Complete a step first, or contact us."
            )
            % {"limit": limit},
            field=field,
        )
    total = cache.get_or_set(_TOTAL, lambda: _stored_by(strangers()), _TOTAL_HOLDS_SECONDS)
    if int(total or 0) + size > settings.UNVERIFIED_STORAGE_BYTES:
        raise StorageFull(
            _("The storage for new registrations is full. Try again tomorrow, or contact us."),
            field=field,
        )
    key = f"stored:{current.get().network}"
    ratelimits.take(ratelimits.Claim(settings.STRANGERS_BYTES_OF_ADDRESS, key, size))


def strangers() -> QuerySet[Registration]:
    """Return the registrations that are not verified."""
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
