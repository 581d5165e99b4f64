"""Which readings no offered choice covers."""

from dataclasses import replace

import pytest

from consent.catalogue.access import VALUE_TYPES
from consent.catalogue.demo_offers import demo_offers
from customerdata.usage.offered import not_offered
from customerdata.usage_values.formats import IntervalCost, NaturalGasUsage
from customerdata.usage_values.wire import SegmentFormat
from registration.catalogue.offers import Choice, FieldOffer
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import NET

pytestmark = pytest.mark.django_db


def test_formats_are_compared_with_all_scopes():
    """Meters, and what a cost is of, are no part of a choice."""
    formats = [
        SegmentFormat(replace(NET, meters=("m1",))),
        SegmentFormat(IntervalCost("USD", of=(NET,))),
        SegmentFormat(NaturalGasUsage("therm", tier="tier_1")),
    ]
    assert not_offered(formats) == formats
    load_offers(demo_offers().values())
    assert not_offered(formats) == formats[2:]


def test_value_types_of_the_utility_are_passed_over():
    """The standard lets a server publish types that this program does not read (10.8.5)."""
    own = Choice(
        id="steam",
        name="Steam",
        description="Steam used.",
        usagesegment_format={"id": "steam", "type": "example_steam"},
    )
    usage = demo_offers()["cds_usage"]
    entry = FieldOffer(id=VALUE_TYPES, default=("steam",), choices=(own,))
    load_offers([usage.with_field(entry), demo_offers()["cds_grant_admin_1"]])
    assert not_offered([SegmentFormat(NET)]) == [SegmentFormat(NET)]
