"""How many emails an address gets: being able to enter one must not let anyone flood a mailbox.

Counted in the outbox, hence in the database: emptying a cache sends nobody more.
"""

import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from portal import crypto
from portal.background.outbox import enqueue
from portal.db.locks import hold
from portal.models import OutboxEntry


@dataclass(frozen=True, slots=True)
class Share:
    """What one address gets of one kind of mail: so many within each span."""

    kind: str
    limits: tuple[tuple[timedelta, int], ...]

    def prefix(self, address: str, owner: str = "") -> str:
        """Return what the keys of an address begin with.

        A mail that an `owner` has a right to is counted apart from those of strangers.
        """
        who = f"{owner}:{counted_form(address)}"
        return f"{self.kind}:{crypto.digest(who, purpose=self.kind)[:32]}:"

    def wait(self, prefix: str) -> timedelta | None:
        """Return how long an address has to wait that had its share, None when it has not."""
        sent = OutboxEntry.objects.filter(unique_key__startswith=prefix)
        now = timezone.now()
        spans = [
            span
            for span, most in self.limits
            if sent.filter(created__gt=now - span).count() >= most
        ]
        return max(spans, default=None)


@transaction.atomic
def promise(
    share: Share, task: str, *args: Any, address: str, key: str, owner: str = ""
) -> timedelta | None:
    """Promise a mail, once for each `key`; return how long to wait when the share is used up.

    To promise emails to several addresses, take them in the order of their prefixes.
    """
    prefix = share.prefix(address, owner)
    # Promises to one address at once would each find room for their mail.
    hold(prefix)
    wait = share.wait(prefix)
    if wait is None:
        enqueue(task, *args, unique_key=f"{prefix}{key}")
    return wait


def counted_form(address: str) -> str:
    """Return what is the same for all spellings of an address that reach one mailbox.

    Case, look-alike forms of one character (NFKC), quotes, the part after a plus (RFC 5233) and the
    two spellings of an international domain (RFC 5890) make no difference.
    """
    text = unicodedata.normalize("NFKC", address).strip().casefold()
    local, _, domain = text.rpartition("@")
    local = local.strip('"')
    return f"{local.partition('+')[0] or local}@{_ascii(domain.rstrip('.'))}"


def _ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain
