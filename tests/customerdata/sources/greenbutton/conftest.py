"""The account that the files of these tests belong to, and what is stored of it."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from customerdata.kinds.account import AccountState
from customerdata.models import ServiceContractVersion
from customerdata.models.usage import UsagePack
from customerdata.services.structure import upsert_customer, upsert_object
from customerdata.sources.greenbutton.loader import load_feed
from customerdata.sources.greenbutton.parser import read
from customerdata.sources.greenbutton.report import Summary, column_words
from customerdata.sources.greenbutton.stated import Told

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def account(db):
    """Create the account that the files belong to."""
    customer = upsert_customer(source_key="c1", name="Test", is_test=True)
    return upsert_object(
        customer=customer,
        source_key="a1",
        state=AccountState(account_number="77-1", name="Test", types=("residential",)),
        as_of=datetime(2020, 1, 1, tzinfo=UTC),
        synced=NOW,
    ).object


def load(data: bytes, told: Told | None = None, number: str = "77-1") -> Summary:
    """Read and load a feed."""
    told = told or Told()
    return load_feed(
        feed=read(io.BytesIO(data), told=told),
        account_number=number,
        told=told,
        fallback_zone="America/Los_Angeles",
        now=NOW,
        by="command:test",
    )


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """One stored value: the name of its service, what it is, when and how long it was."""

    service: str
    words: str
    start: int
    seconds: int
    value: Decimal
    quality: str = ""


def stored(at: datetime | None = None) -> list[Value]:
    """Return all that is stored, read from the packs themselves, as of an instant."""
    found = []
    for pack in UsagePack.objects.as_of(at).select_related("series", "contract"):
        name = ServiceContractVersion.objects.current().get(contract=pack.contract).name
        for column in pack.unpacked().columns:
            for position, (value, quality) in enumerate(
                zip(column.values(), column.qualities(), strict=True)
            ):
                if isinstance(value, Decimal):
                    found.append(
                        Value(
                            name,
                            column_words(column.format),
                            int(pack.segment_start.timestamp()) + position * pack.interval,
                            pack.interval,
                            value,
                            str(quality or ""),
                        )
                    )
    return sorted(found)
