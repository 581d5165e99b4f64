"""A customer with one contract, one meter and one electric series."""

from __future__ import annotations

import pytest

from customerdata.models import Customer, MeterDevice, ServiceContract, UsageSeries
from customerdata.usage.series import ensure_series
from customerdata.usage_values.formats import ElectricUsage, IntervalCost

NET = ElectricUsage("kWh", "net")
COST = IntervalCost("USD", of=(NET,))


@pytest.fixture
def links(db):
    """What a series hangs on."""
    customer = Customer.objects.create(source_key="c1", name="Alice")
    return {
        "customer": customer,
        "contract": ServiceContract.objects.create(customer=customer, source_key="k1"),
        "meter": MeterDevice.objects.create(customer=customer, source_key="m1"),
        "service_point": None,
        "account": None,
        "commodity": UsageSeries.Commodity.ELECTRIC,
        "zone": "America/Los_Angeles",
    }


@pytest.fixture
def series(links):
    """15-minute net usage and its cost in California."""
    return ensure_series(**links, interval=900, columns=[NET, COST])
