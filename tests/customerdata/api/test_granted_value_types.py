"""A Grant keeps meaning what it meant when it was given, whatever is offered later."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consent.catalogue.access import VALUE_TYPES
from consent.catalogue.demo_offers import demo_offers
from consent.catalogue.details import InvalidAuthorizationDetails, parse_request
from registration.catalogue.offers import Choice, ScopeOffer
from registration.services.offers import current_offers, load_offers
from tests.customerdata.api.segments_world import (
    COST_ID,
    MARCH,
    NET_ID,
    grant_over,
    readings,
    segments,
    series_of,
    usage,
    write,
)
from tests.factories.customerdata import Household

pytestmark = pytest.mark.django_db


@pytest.fixture
def home():
    """A household with net usage and cost, under today's offers."""
    load_offers(demo_offers().values())
    home = Household()
    write(series_of(home.services[0]), [1, 2], cost=[7, 8])
    return home


def with_choices(offer: ScopeOffer, choices: list[Choice]) -> ScopeOffer:
    """Return an offer with other choices of value types."""
    (field,) = [each for each in offer.fields if each.id == VALUE_TYPES]
    left = {choice.id for choice in choices}
    default = field.default
    assert isinstance(default, tuple)
    kept = tuple(each for each in default if each in left)
    return offer.with_field(replace(field, choices=tuple(choices), default=kept))


def choices_of(offer: ScopeOffer) -> list[Choice]:
    """Return the choices of value types of an offer."""
    return [choice for each in offer.fields if each.id == VALUE_TYPES for choice in each.choices]


def shown(grant) -> set[tuple[str, int]]:
    """Return what a token of the Grant gets: format types and values."""
    return {(shape, int(value)) for each in segments(grant) for _, shape, value in readings(each)}


NET_VALUES = {("electric_usage", 1), ("electric_usage", 2)}


def test_a_choice_that_is_offered_no_more_still_shows_its_data(home):
    """The customer gave it; who asks today cannot have it."""
    grant = grant_over(home, usage(NET_ID))
    offers = demo_offers()
    left = [choice for choice in choices_of(offers["cds_usage"]) if choice.id != NET_ID]
    load_offers([*({**offers, "cds_usage": with_choices(offers["cds_usage"], left)}).values()])
    assert shown(grant) == NET_VALUES
    with pytest.raises(InvalidAuthorizationDetails):
        parse_request([], [{"type": "cds_usage", VALUE_TYPES: [NET_ID]}], current_offers())
    # A Grant of today's offers that says so all the same opens no values.
    assert shown(grant_over(home, usage(NET_ID))) == set()


def test_a_choice_that_means_something_else_now(home):
    """An id is given to another format: the Grant goes on with the old one."""
    grant = grant_over(home, usage(NET_ID))
    offers = demo_offers()
    formats = {each.id: each.usagesegment_format for each in choices_of(offers["cds_usage"])}
    swapped = [
        replace(each, usagesegment_format=formats[{NET_ID: COST_ID, COST_ID: NET_ID}[each.id]])
        if each.id in {NET_ID, COST_ID}
        else each
        for each in choices_of(offers["cds_usage"])
    ]
    load_offers([*({**offers, "cds_usage": with_choices(offers["cds_usage"], swapped)}).values()])
    assert shown(grant) == NET_VALUES
    assert shown(grant_over(home, usage(NET_ID))) == {("cost", 7), ("cost", 8)}


def test_a_scope_id_that_is_offered_no_more(home):
    """Also where the id alone does not tell the type of the scope."""
    offers = demo_offers()
    named = replace(offers["cds_usage"], id="our_usage")
    load_offers([*offers.values(), named])
    grant = grant_over(
        home, {**usage(NET_ID, segment_start=MARCH - timedelta(days=1)), "type": "our_usage"}
    )
    assert shown(grant) == NET_VALUES
    load_offers(offers.values())
    assert "our_usage" not in current_offers()
    assert shown(grant) == NET_VALUES
