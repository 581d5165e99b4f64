"""Cost of the Usage Segments listing: flat in the number of contracts, bounded in memory."""

import time
import tracemalloc
from decimal import Decimal

import pytest

from consent.catalogue.demo_offers import demo_offers
from customerdata.usage.store import Delivery, write_many
from customerdata.usage_values.columns import make_column
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import (
    MARCH,
    NET,
    NET_ID,
    SHOWN,
    T1,
    ask,
    follow,
    get,
    grant_over,
    series_of,
    usage,
)
from tests.factories.customerdata import Household

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
MEGABYTE = 1 << 20


@pytest.fixture(autouse=True)
def _offers():
    """The demo's scopes and value types."""
    load_offers(demo_offers().values())


def fill(home, *, months, values):
    """Write the same readings for all services of a household."""
    column = make_column(NET, [Decimal(n % 97) / 4 for n in range(values)])
    starts = [MARCH.replace(year=2023 + n // 12, month=n % 12 + 1) for n in range(months)]
    for service in home.services:
        series = series_of(service, columns=[NET])
        write_many(Delivery(series, start, [column], T1, T1) for start in starts)


def test_twelve_hundred_contracts_cost_what_one_page_costs():
    """With and without numbers to order by; a page starts where the one before ended."""
    home = Household(services=1200)
    fill(home, months=2, values=4)
    for includes in (SHOWN, ("include_usage_segments",)):
        grant = grant_over(home, usage(NET_ID, includes=includes))
        page, took = ask(grant), []
        for _ in range(3):
            began = time.perf_counter()
            page = follow(grant, page["next"])
            took.append(time.perf_counter() - began)
            assert len(page["usage_segments"]) == 100
        assert min(took) < 2


def test_a_page_of_many_values_is_streamed():
    """A hundred months of quarter hours never stand in memory as a whole."""
    home = Household(services=5)
    fill(home, months=20, values=2880)
    grant = grant_over(home, usage(NET_ID))
    ask(grant)
    response = get(grant)
    size = 0
    tracemalloc.start()
    for chunk in response.streaming_content:
        size += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 3 * MEGABYTE
    assert peak < 20 * MEGABYTE
