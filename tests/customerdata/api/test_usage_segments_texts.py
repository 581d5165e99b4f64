"""Stored text of values: it comes with the walk where that is sure to be sent, else by itself."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consent.catalogue.demo_offers import demo_offers
from customerdata.api.segments import page
from registration.services.catalogue.offers import load_offers
from tests.customerdata.api.segments_world import (
    COST_ID,
    MARCH,
    NET_ID,
    ask,
    get,
    grant_over,
    series_of,
    usage,
    write,
)
from tests.factories.customerdata import Household

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("prepared_or_plain")]

DAY = timedelta(days=1)
QUARTERS = list(range(96))


@pytest.fixture
def home():
    """Two services with a day of quarter hours each."""
    load_offers(demo_offers().values())
    home = Household(services=2)
    for service in home.services:
        write(series_of(service), QUARTERS, cost=QUARTERS)
    return home


def statements(call):
    """Return what a call returns, and the SQL of its queries that touch packs."""
    with CaptureQueriesContext(connection) as queries:
        found = call()
    return found, [q["sql"] for q in queries if "customerdata_usagepack" in q["sql"]]


def test_whole_segments_take_one_query_of_packs(home):
    """Walk and text in one."""
    grant = grant_over(home, usage())
    body, packs = statements(lambda: ask(grant))
    assert len(packs) == 1
    first = [{"eu": 0}, {"c": 0}]
    assert [segment["values"][0] for segment in body["usage_segments"]] == [first, first]
    assert all(len(segment["values"]) == 96 for segment in body["usage_segments"])


def test_cut_segments_are_read_apart(home):
    """Their values come from the packs, not from the text."""
    grant = grant_over(home, usage(segment_start=MARCH + DAY / 2))
    body, packs = statements(lambda: ask(grant))
    assert len(packs) == 2
    assert [len(segment["values"]) for segment in body["usage_segments"]] == [48, 48]


def test_segments_in_some_formats_are_read_apart(home):
    """The text has all formats, so it is of no use to a token that sees one."""
    net, cost = (ask(grant_over(home, usage(chosen))) for chosen in (NET_ID, COST_ID))
    assert net["usage_segments"][0]["values"][1] == [{"eu": 1}]
    assert cost["usage_segments"][0]["values"][1] == [{"c": 1}]


def test_windows_that_make_a_whole_together(home):
    """No entry alone gives the whole segment, so its text is fetched once it is known to."""
    noon = MARCH + DAY / 2
    united = grant_over(home, usage(segment_end=noon), usage(segment_start=noon))
    body, packs = statements(lambda: ask(united))
    assert len(packs) == 2
    whole = ask(grant_over(home, usage()))
    assert body["usage_segments"] == whole["usage_segments"]


def test_text_beyond_a_page_stays_where_it_is(home, monkeypatch):
    """A segment of more values than fit on a page is sent all the same, its text read apart."""
    grant = grant_over(home, usage())
    whole = ask(grant)["usage_segments"]
    monkeypatch.setattr(page, "MAX_VALUES", 95)
    body, packs = statements(lambda: ask(grant))
    assert len(packs) == 2
    assert body["usage_segments"] == whole[:1]
    assert body["next"] is not None


def test_without_values_no_text_is_read(home):
    """A HEAD request, and a token that sees segments but no values."""
    grant = grant_over(home, usage())
    response, packs = statements(lambda: get(grant, method="head"))
    assert (response.status_code, response.content, len(packs)) == (200, b"", 1)
    entry = usage()
    del entry["include_usage_segment_value_types"]
    body, packs = statements(lambda: ask(grant_over(home, entry)))
    assert [segment["values"] for segment in body["usage_segments"]] == [[], []]
    assert not any("rendered" in text.partition("FROM")[0] for text in packs[1:])
