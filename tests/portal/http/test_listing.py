"""The list base: pages hold each row once, in order, also while rows come and go."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from portal.http.listing import (
    Cursor,
    InvalidFilter,
    Order,
    Page,
    instant_filter,
    split_ids,
    take_page,
)
from portal.models import AuditEvent
from tests.properties.forgeries import forged_cursors

ORDER = (
    Order("at", descending=True, parse=datetime.fromisoformat),
    Order("pk", descending=False),
)


@pytest.fixture
def events(db) -> list[AuditEvent]:
    """Return seven rows, some of the same instant."""
    base = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        AuditEvent.objects.create(
            action="a", actor="a", subject="s", at=base + timedelta(hours=n // 2)
        )
        for n in range(7)
    ]


def page_of(cursor: Cursor | None, size: int = 3) -> Page:
    """Return the page that a cursor leads to."""
    text = cursor.encode(listing="l") if cursor else None
    rows = AuditEvent.objects.all()
    return take_page(rows, listing="l", order=ORDER, cursor=text, size=size)


def walk(size: int) -> list[int]:
    """Follow `next` to the end and return the keys met."""
    found: list[int] = []
    cursor: Cursor | None = None
    while True:
        page = page_of(cursor, size)
        found += [row.pk for row in page.rows]
        if page.next is None:
            return found
        cursor = page.next


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_walking_next_meets_each_row_once_in_order(events, size):
    """Whatever the page size."""
    expected = [e.pk for e in sorted(events, key=lambda e: (-e.at.timestamp(), e.pk))]
    assert walk(size) == expected


def test_previous_leads_back(events):
    """The page before the second is the first."""
    first = page_of(None)
    assert first.next is not None
    second = page_of(first.next)
    assert second.previous is not None
    back = page_of(second.previous)
    assert [r.pk for r in back.rows] == [r.pk for r in first.rows]
    assert back.previous is None


def test_a_row_that_vanishes_shifts_nothing(events):
    """Offset paging would skip a row here."""
    first = page_of(None)
    expected = walk(100)[3:]
    first.rows[0].delete()
    assert first.next is not None
    second = page_of(first.next, 100)
    assert [row.pk for row in second.rows] == expected


def test_one_page_is_one_query(events, django_assert_num_queries):
    """Cost depends on the page."""
    with django_assert_num_queries(1):
        page_of(None)


@given(text=forged_cursors(Cursor(("2026-01-01T00:00:00+00:00", 1), backwards=False)))
def test_a_foreign_cursor_is_refused(text):
    """A cursor is data of a client: nothing of it is read before our mark."""
    with pytest.raises(InvalidFilter):
        Cursor.decode(text, listing="l", width=2)


def test_a_cursor_of_another_listing_or_version_is_refused():
    """It would start a page at a place that this listing does not have."""
    ours = Cursor((1, 2), backwards=False).encode(listing="l")
    assert Cursor.decode(ours, listing="l", width=2) == Cursor((1, 2), backwards=False)
    for listing, width in (("other", 2), ("l", 3)):
        with pytest.raises(InvalidFilter):
            Cursor.decode(ours, listing=listing, width=width)


@pytest.mark.django_db
def test_a_cursor_of_the_wrong_types_is_refused():
    """Marked by an earlier version, whose columns were others."""
    wrong = Cursor(("soon", {"x": 1}), backwards=False)
    with pytest.raises(InvalidFilter):
        page_of(wrong)


def test_filters_name_the_field():
    """Whoever wrote the query sees which parameter is wrong."""
    with pytest.raises(InvalidFilter) as caught:
        instant_filter("after", "at__gte").condition("yesterday")
    assert caught.value.field == "after"
    with pytest.raises(InvalidFilter):
        split_ids("a\x00b", name="ids")


@pytest.mark.django_db
@pytest.mark.parametrize("value", [{"x": 1}, "soon", [1], None])
def test_a_cursor_with_a_forged_key_is_refused(value):
    """Marked by an earlier version: the key column has no parser of its own."""
    forged = Cursor(("2026-01-01T00:00:00+00:00", value), backwards=False)
    with pytest.raises(InvalidFilter):
        page_of(forged)
