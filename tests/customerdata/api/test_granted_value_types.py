"""A Grant keeps meaning what it meant when it was given, whatever is offered later."""

from dataclasses import replace
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from consent.catalogue.access import VALUE_TYPES
from consent.catalogue.demo_offers import demo_offers
from consent.catalogue.details import InvalidAuthorizationDetails, parse_request
from registration.catalogue.offers import Choice, ScopeOffer
from registration.services.catalogue.offers import current_offers, load_offers
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


def ids_of(grant) -> list[list[str]]:
    """Return the ids of the formats of each segment."""
    return [[entry["id"] for entry in each["formats"]] for each in segments(grant)]


def renamed(offer: ScopeOffer, **ids: str) -> ScopeOffer:
    """Return an offer whose choices have Value Formats of other ids."""
    choices = [
        replace(each, usagesegment_format={**(each.usagesegment_format or {}), "id": ids[each.id]})
        if each.id in ids
        else each
        for each in choices_of(offer)
    ]
    return with_choices(offer, choices)


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


@pytest.mark.spec("WG3-01 7.2.8.1 k", "WG3-01 10.8.2 c")
def test_formats_have_the_published_ids(home):
    """By the Value Format of the choice, which need not be called like the choice."""
    offers = demo_offers()
    load_offers([*{**offers, "cds_usage": renamed(offers["cds_usage"], **{NET_ID: "n1"})}.values()])
    metadata = APIClient().get("/.well-known/oauth-authorization-server").json()
    (field,) = [
        each
        for each in metadata["cds_scope_descriptions"]["cds_usage"][
            "authorization_details_fields_supported"
        ]
        if each["id"] == VALUE_TYPES
    ]
    ids = {choice["id"]: choice["usagesegment_format"]["id"] for choice in field["choices"]}
    assert ids[NET_ID] == "n1"
    assert ids_of(grant_over(home, usage(NET_ID, COST_ID))) == [[ids[NET_ID], ids[COST_ID]]]
    trimmed = grant_over(home, usage(NET_ID, segment_start=MARCH + timedelta(minutes=15)))
    assert ids_of(trimmed) == [[ids[NET_ID]]]


@pytest.mark.spec("WG3-01 7.2.8.1 k", "WG3-01 10.8.2 c")
def test_ids_stay_for_old_grants(home):
    """Only Grants of today's offers have today's ids."""
    old = grant_over(home, usage(NET_ID, COST_ID))
    offers = demo_offers()
    load_offers([*{**offers, "cds_usage": renamed(offers["cds_usage"], **{NET_ID: "n2"})}.values()])
    assert ids_of(old) == [[NET_ID, COST_ID]]
    assert ids_of(grant_over(home, usage(NET_ID, COST_ID))) == [["n2", COST_ID]]
    load_offers([each for each in offers.values() if each.id != "cds_usage"])
    assert ids_of(old) == [[NET_ID, COST_ID]]


@pytest.mark.spec("WG3-01 10.8.2 c")
def test_the_first_entry_names_a_format(home):
    """Two scopes may publish one format under two ids, and one id for two formats."""
    offers = demo_offers()
    other = renamed(offers["cds_usage_reviewed"], **{NET_ID: "n3", COST_ID: NET_ID})
    load_offers([*{**offers, "cds_usage_reviewed": other}.values()])
    first, second = usage(NET_ID), {**usage(NET_ID, COST_ID), "type": "cds_usage_reviewed"}
    ((net, cost),) = ids_of(grant_over(home, first, second))
    assert net == NET_ID
    assert cost.startswith(f"{NET_ID}_")
    assert ids_of(grant_over(home, second, first)) == [["n3", NET_ID]]
    assert ids_of(grant_over(home, second)) == [["n3", NET_ID]]


def test_a_value_type_of_the_utility_itself_hides_nothing_else(home):
    """CDS-WG3-01 10.8.5 lets it publish types that nothing is stored of here."""
    offers = demo_offers()
    steam = Choice(
        id="steam",
        name="Steam",
        description="Steam used.",
        usagesegment_format={"id": "steam", "type": "example_steam"},
    )
    more = with_choices(offers["cds_usage"], [*choices_of(offers["cds_usage"]), steam])
    load_offers([*{**offers, "cds_usage": more}.values()])
    assert ids_of(grant_over(home, usage("steam", NET_ID))) == [[NET_ID]]
