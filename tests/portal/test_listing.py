"""The list base: pages hold each row once, in order, also while rows come and go."""

import base64
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.listing import (
    Cursor,
    InvalidFilter,
    Order,
    instant_filter,
    split_ids,
    take_page,
)
from portal.models import AuditEvent

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


def walk(size: int) -> list[int]:
    """Follow `next` to the end and return the keys met."""
    found: list[int] = []
    cursor = None
    while True:
        page = take_page(AuditEvent.objects.all(), order=ORDER, cursor=cursor, size=size)
        found += [row.pk for row in page.rows]
        if page.next is None:
            return found
        cursor = page.next.encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8])
def test_walking_next_meets_each_row_once_in_order(events, size):
    """Whatever the page size."""
    expected = [e.pk for e in sorted(events, key=lambda e: (-e.at.timestamp(), e.pk))]
    assert walk(size) == expected


def test_previous_leads_back(events):
    """The page before the second is the first."""
    first = take_page(AuditEvent.objects.all(), order=ORDER, cursor=None, size=3)
    assert first.next is not None
    second = take_page(AuditEvent.objects.all(), order=ORDER, cursor=first.next.encode(), size=3)
    assert second.previous is not None
    back = take_page(AuditEvent.objects.all(), order=ORDER, cursor=second.previous.encode(), size=3)
    assert [r.pk for r in back.rows] == [r.pk for r in first.rows]
    assert back.previous is None


def test_a_row_that_vanishes_shifts_nothing(events):
    """Offset paging would skip a row here."""
    first = take_page(AuditEvent.objects.all(), order=ORDER, cursor=None, size=3)
    expected = walk(100)[3:]
    first.rows[0].delete()
    assert first.next is not None
    second = take_page(AuditEvent.objects.all(), order=ORDER, cursor=first.next.encode(), size=100)
    assert [row.pk for row in second.rows] == expected


def test_one_page_is_one_query(events, django_assert_num_queries):
    """Cost depends on the page."""
    with django_assert_num_queries(1):
        take_page(AuditEvent.objects.all(), order=ORDER, cursor=None, size=3)


@pytest.mark.parametrize(
    "raw",
    [
        b'[false, "a\\u0000b", 1]',
        b"[" * 5_000,
        b"[false, 1" + b"0" * 5_000 + b", 1]",
        b'[false, "\\ud800", 1]',
    ],
)
def test_a_cursor_holds_nothing_that_breaks_the_database_or_the_parser(raw):
    """NUL bytes, deep nesting and endless numbers are answered, not crashed on."""
    with pytest.raises(InvalidFilter):
        Cursor.decode(base64.urlsafe_b64encode(raw).decode().rstrip("="), width=2)


@given(text=st.text(max_size=60))
def test_a_foreign_cursor_is_refused(text):
    """A cursor is data of a client: it must never reach the database unchecked."""
    with suppress(InvalidFilter):
        decoded = Cursor.decode(text, width=2)
        assert len(decoded.values) == 2


@pytest.mark.django_db
def test_a_cursor_of_the_wrong_types_is_refused():
    """Well-formed but not ours."""
    wrong = Cursor(("soon", {"x": 1}), backwards=False).encode()
    with pytest.raises(InvalidFilter):
        take_page(AuditEvent.objects.all(), order=ORDER, cursor=wrong)


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
    """The key column has no parser of its own; the database must not see this."""
    forged = Cursor(("2026-01-01T00:00:00+00:00", value), backwards=False).encode()
    with pytest.raises(InvalidFilter):
        list(take_page(AuditEvent.objects.all(), order=ORDER, cursor=forged).rows)
