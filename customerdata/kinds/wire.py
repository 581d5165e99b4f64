"""What the wire forms of kinds share."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from customerdata.kinds.base import Shown


def base_fields(shown: Shown, identity: Any, public_id: str) -> dict[str, Any]:
    """Return the fields that every object begins with.

    What is frozen was confirmed for no time after that, however often the source is asked since
    (CDS-WG3-01 7.3.1).
    """
    return {
        public_id: identity.public_id,
        "cds_created": identity.cds_created,
        "cds_modified": shown.base.arrived,
        "cds_synced": min(identity.cds_synced, shown.instant),
    }


def programs(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return stored programs as they go out: balances are numbers on the wire."""
    return [
        {**item, "balance": Decimal(item["balance"])} if "balance" in item else item
        for item in items
    ]


def known(keys: Sequence[int], ids: Mapping[int, str]) -> list[str]:
    """Return the public ids of a reference array, without what the token may not see."""
    return [ids[key] for key in keys if key in ids]


def masked(number: str) -> str:
    """Return the last characters of a number, at most four and never more than half of it."""
    shown = min(4, len(number) // 2)
    return f"…{number[-shown:]}" if shown else ""
