"""Messages that the server writes, and what a Client may change of them (CDS-WG1-02 6)."""

from django.db import transaction
from django.utils import timezone

from portal import audit
from portal.models import User
from registration.models import Message, Registration


def notify(
    *,
    registration: Registration,
    name: str,
    description: str,
    related_type: str = "",
    related_uri: str = "",
) -> Message:
    """Write an unread private Message, such as an entry of the changelogs of 5.3 and 7.3."""
    now = timezone.now()
    return Message.objects.create(
        registration=registration,
        created=now,
        modified=now,
        type="private_message",
        status="complete",
        creator="",
        name=name,
        description=description,
        related_type=related_type,
        related_uri=related_uri,
    )


@transaction.atomic
def mark_message(*, message: Message, read: bool, by: User | str) -> Message:
    """Mark a Message as read or unread (CDS-WG1-02 6.11)."""
    message = Message.objects.select_for_update().get(pk=message.pk)
    if message.read != read:
        message.read = read
        message.modified = timezone.now()
        message.save(update_fields=["read", "modified"])
        audit.record(
            "message.marked",
            by=by,
            subject=f"message:{message.message_id}",
            registration=message.registration.registration_id,
            details={"read": read},
        )
    return message
