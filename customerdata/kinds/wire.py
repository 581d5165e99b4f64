"""The parts that the wire forms of all kinds share."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.urls import reverse

from customerdata.kinds.base import Shown


def base_fields(shown: Shown, identity: Any, public_id: str) -> dict[str, Any]:
    """Return the fields that come first in every object.

    A frozen object was not confirmed for any later time, even if the source is still being asked
    (CDS-WG3-01 7.3.1).
    """
    return {
        public_id: identity.public_id,
        "cds_created": identity.cds_created,
        "cds_modified": shown.base.arrived,
        "cds_synced": min(identity.cds_synced, shown.instant),
    }


def programs(items: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the wire form of stored programs."""
    return numbers(items, "balance")


def numbers(items: Iterable[Mapping[str, Any]], *names: str) -> list[Mapping[str, Any]]:
    """Return the wire form of stored objects: amounts are stored as text and sent as numbers."""

    def written(name: str, value: Any) -> Any:
        return Decimal(value) if name in names and value is not None else value

    return [{name: written(name, value) for name, value in item.items()} for item in items]


def file_url(path: str, public_id: str) -> str:
    """Return the URL of an object's file, which takes the token that opens the object."""
    return f"{settings.BASE_URL}{reverse(f'customerdata:{path}-file', args=[public_id])}"


def known(keys: Sequence[int], ids: Mapping[int, str]) -> list[str]:
    """Return the public ids of a reference array, limited to what the token can see."""
    return [ids[key] for key in keys if key in ids]


def masked(number: str) -> str:
    """Return the last characters of a number, at most four and never more than half of it."""
    shown = min(4, len(number) // 2)
    return f"…{number[-shown:]}" if shown else ""
