"""Cutting anew beside an ingestion: whoever comes second sees what the first one did."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from customerdata.models import UsageSeries
from customerdata.services.recutting import recut_batch
from tests.customerdata.usage.conftest import NET
from tests.customerdata.usage.test_recut import (
    DECEMBER,
    HOUR,
    NOVEMBER,
    T1,
    T2,
    ZONE,
    edges,
    month,
    old_rules,  # noqa: F401 -- a fixture
    seen,
    series,  # noqa: F401 -- a fixture
    write,
)
from tests.races import after, at_once, wait_until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("first", ["command", "delivery"])
def test_the_command_and_a_delivery_at_once(series, old_rules, first):  # noqa: F811
    """The second waits, then finds the series cut, and the hour is there once."""
    with old_rules():
        write(series, NOVEMBER, *month(NOVEMBER, DECEMBER + HOUR))
    holds = threading.Event()
    works = {
        "command": lambda: recut_batch(zone=ZONE, after=0, limit=9, by="command:recut_usage"),
        "delivery": lambda: write(series, DECEMBER, 5000, 5001, as_of=T2),
    }

    def leading():
        with transaction.atomic():
            works[first]()
            holds.set()
            return wait_until_somebody_waits()

    second = works["delivery" if first == "command" else "command"]
    waited, found = at_once(leading, lambda: after(holds, second))
    assert waited
    if first == "delivery":
        assert found is None, "the delivery had cut it; nothing was left for the command"
    assert edges(series) == [(NOVEMBER, DECEMBER), (DECEMBER, DECEMBER + 2 * HOUR)]
    assert seen(series)[DECEMBER, NET.key][0] == 5000
    assert seen(series, T1)[DECEMBER, NET.key][0] == (DECEMBER - NOVEMBER) // HOUR
    assert not UsageSeries.objects.cut_otherwise(ZONE).exists()
