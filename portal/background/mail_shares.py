"""Limits on emails per address, so that nobody can use the portal to flood a mailbox.

Counted in the outbox, so in the database: clearing a cache does not raise the limit.
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
    """How many emails of one kind an address can get: a number for each time span."""

    kind: str
    limits: tuple[tuple[timedelta, int], ...]

    def prefix(self, address: str, owner: str = "") -> str:
        """Return the prefix of an address's keys.

        Emails that the `owner` of an address is entitled to are counted separately.
        """
        who = f"{owner}:{counted_form(address)}"
        return f"{self.kind}:{crypto.digest(who, purpose=self.kind)[:32]}:"

    def wait(self, prefix: str) -> timedelta | None:
        """Return how long an address that reached its limit has to wait, None if it has not."""
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
    """Promise an email, once for each `key`; return how long to wait when the limit is reached.

    A caller that promises emails to several addresses does so in the order of their prefixes.
    """
    prefix = share.prefix(address, owner)
    # Otherwise, concurrent promises to one address would each find room for their email.
    hold(prefix)
    wait = share.wait(prefix)
    if wait is None:
        enqueue(task, *args, unique_key=f"{prefix}{key}")
    return wait


def counted_form(address: str) -> str:
    """Return a form that is the same for all spellings of an address that reach one mailbox.

    It ignores differences in case, look-alike forms of one character (NFKC), quotes, the part after
    a plus (RFC 5233) and the two spellings of an international domain (RFC 5890).
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
