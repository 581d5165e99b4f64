"""The keys under which services and channels are stored, so that later files find them."""

import hashlib
from collections.abc import Iterator

from customerdata.models import (
    Account,
    MeterDevice,
    ServiceContract,
    ServiceContractVersion,
    ServicePoint,
)
from customerdata.sources.greenbutton.mapping import SERVICE_KINDS
from customerdata.sources.greenbutton.model import UsagePoint

_LONGEST_KEY = 200


def service_key(account: Account, point: UsagePoint, service: str, number: int) -> str:
    """Return the key of a usage point's service.

    `number` counts the file's points of that service that have neither a link nor an id.
    """
    if not point.name:
        return _short(_plain(account, f"#{service}/{number}"))
    # A link that looks like one of our numbers must not collide with it.
    name = f"link {point.name}" if point.name.startswith("#") else point.name
    key = _short(_plain(account, name))
    stated = None if point.service_kind is None else SERVICE_KINDS.get(point.service_kind)
    if stated is None:
        known = _contract(account, key)
        stated = known.service_types[0] if known else service
    return key if stated == service else _short(_plain(account, f"{name}#{service}"))


def channel_key(name: str, number: int) -> str:
    """Return the key of a channel; `number` counts the point's channels without a name."""
    text = f"link {name}" if name else f"number {number}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def adopt_earlier(account: Account, point: UsagePoint, service: str, key: str) -> Iterator[str]:
    """Move a service that an earlier release stored under another key to its current key.

    Points without a link used the line of their entry. Long keys were truncated, so several
    points may have shared one. That cannot be undone, and a warning says so.
    """
    if _contract(account, key) is not None:
        return
    if not point.link:
        old = _plain(account, f"#{point.line}")
        known = _contract(account, old)
        if known and service in known.service_types and known.name == point.title:
            for kind in (ServiceContract, ServicePoint, MeterDevice):
                rows = kind.objects.filter(customer=account.customer, source_key=old)
                rows.update(source_key=key)
        return
    whole = _plain(account, point.link)
    if len(whole) > _LONGEST_KEY and _contract(account, whole[:_LONGEST_KEY]) is not None:
        yield (
            f"line {point.line}: an earlier release stored all points whose links begin like "
            "this one's as one service. This point is now a separate service; remove the other."
        )


def _plain(account: Account, name: str) -> str:
    return f"greenbutton:{account.source_key}:{name}"


def _short(key: str) -> str:
    """Keep a key that fits; truncate a longer one and end it with the hash of the whole."""
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{key[: _LONGEST_KEY - len(digest) - 1]}:{digest}"


def _contract(account: Account, key: str) -> ServiceContractVersion | None:
    found: ServiceContractVersion | None = (
        ServiceContractVersion.objects.current()
        .filter(contract__source_key=key, contract__customer=account.customer)
        .first()
    )
    return found
