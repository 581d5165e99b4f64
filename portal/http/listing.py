"""The base of all list endpoints: filters, order, paging by cursor, envelope.

A page never costs more than its own rows: the cursor contains the order values of the last row,
and the next page starts strictly after them (keyset paging), so that rows that appear or move while
a client pages through the listing are neither repeated nor skipped. A cursor is signed for its
listing, so that no other values ever reach the database.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

import msgspec
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal import crypto
from portal.errors import DomainError
from portal.values.times import parse_datetime

MAX_IDS = 1000
# In hexadecimal digits. Short, because a forged cursor could only choose where a page starts.
_MARK_LENGTH = 24
FOREIGN_CURSOR = "cursor was not issued by this server for this listing."


class InvalidFilter(DomainError):
    """A list parameter has an invalid value."""

    code = "invalid_request"


def split_ids(text: str, *, name: str) -> list[str]:
    """Return the space-separated values of a list parameter (CDS-WG1-02 5.3)."""
    values = text.split()
    if len(values) > MAX_IDS:
        raise InvalidFilter(f"{name} takes at most {MAX_IDS} values.", field=name)
    if any("\x00" in value for value in values):
        raise InvalidFilter(f"{name} contains a character that no identifier has.", field=name)
    return values


def parse_instant(text: str, *, name: str) -> datetime:
    """Return a datetime parameter."""
    try:
        return parse_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidFilter(f"{name}: {error}", field=name) from None


@dataclass(frozen=True, slots=True)
class Filter:
    """One URL parameter, and how its text becomes a condition on the rows."""

    name: str
    condition: Callable[[str], Q]


def ids_filter(name: str, column: str) -> Filter:
    """Return a filter for rows whose `column` is one of the space-separated values."""
    return Filter(name, lambda text: Q(**{f"{column}__in": split_ids(text, name=name)}))


def instant_filter(name: str, lookup: str) -> Filter:
    """Return a filter by datetime; `lookup` is for example `created__gte`."""
    return Filter(name, lambda text: Q(**{lookup: parse_instant(text, name=name)}))


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page starts: after (or, if backwards, before) these order values."""

    values: tuple[Any, ...]
    backwards: bool

    def encode(self, *, listing: str) -> str:
        """Return URL-safe text that only this listing accepts."""
        raw = msgspec.json.encode([self.backwards, *self.values])
        body = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return f"{body}.{_mark(body, listing)}"

    @classmethod
    def decode(cls, text: str, *, listing: str, width: int) -> "Cursor":
        """Read what `encode` wrote for the same listing; raises InvalidFilter for anything else.

        A signed cursor was issued by this server, but perhaps by an earlier version of it.
        """
        body, _, mark = text.rpartition(".")
        if not crypto.same(mark, _mark(body, listing)):
            raise InvalidFilter(FOREIGN_CURSOR, field="cursor")
        backwards, *values = msgspec.json.decode(
            base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        )
        if len(values) != width:
            raise InvalidFilter(FOREIGN_CURSOR, field="cursor")
        return cls(tuple(values), backwards)


def _mark(body: str, listing: str) -> str:
    return crypto.digest(f"{listing}:{body}", purpose="cursor")[:_MARK_LENGTH]


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a caller asks of a listing: its path, the values of each URL parameter, and the cursor.

    Read from the request in the view, so that exports and pages can query without a request.
    """

    path: str
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cursor: str | None = None

    @classmethod
    def of(cls, request: HttpRequest | Request) -> "ListQuery":
        """Read a request."""
        parameters = {name: tuple(texts) for name, texts in request.GET.lists() if name != "cursor"}
        return cls(request.path, parameters, request.GET.get("cursor"))

    def texts(self, name: str) -> list[str]:
        """Return the values of a parameter; an empty value counts as absent."""
        return [text for text in self.parameters.get(name, ()) if text.strip()]

    def page_url(self, cursor: Cursor | None) -> str | None:
        """Return the URL of another page with the same filters, None without a cursor."""
        if cursor is None:
            return None
        query = [(name, text) for name, texts in self.parameters.items() for text in texts]
        query.append(("cursor", cursor.encode(listing=self.path)))
        return f"{settings.BASE_URL}{self.path}?{urlencode(query)}"


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Order:
    """A column of the order; `parse` converts the cursor's JSON value to the column's type."""

    column: str
    descending: bool
    parse: Callable[[Any], Any] = _unchanged


def _after(order: Sequence[Order], values: Sequence[Any], *, backwards: bool) -> Q:
    """Match rows strictly after `values` in the order: (a > x) or (a = x and b > y) or ..."""
    condition = Q(pk__in=[])
    equal = Q()
    for column, value in zip(order, values, strict=True):
        lookup = "lt" if column.descending != backwards else "gt"
        condition |= equal & Q(**{f"{column.column}__{lookup}": value})
        equal &= Q(**{column.column: value})
    return condition


def _value(row: Model, column: str) -> Any:
    value: Any = row
    for part in column.split("__"):
        value = getattr(value, part)
    return value.isoformat() if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page and the cursors of its neighbors."""

    rows: list[Any]
    next: Cursor | None
    previous: Cursor | None


def _parse_cursor(text: str, listing: str, order: Sequence[Order]) -> Cursor:
    cursor = Cursor.decode(text, listing=listing, width=len(order))
    try:
        values = tuple(o.parse(v) for o, v in zip(order, cursor.values, strict=True))
    except (ValueError, TypeError, AttributeError):
        raise InvalidFilter(FOREIGN_CURSOR, field="cursor") from None
    return Cursor(values, cursor.backwards)


def take_page(
    queryset: QuerySet[Any],
    *,
    listing: str,
    order: Sequence[Order],
    cursor: str | None,
    size: int | None = None,
) -> Page:
    """Return one page in one query; the last column of `order` must be unique.

    `listing` names the listing whose cursors are accepted. Raises InvalidFilter for all others.
    `size` is LISTING_PAGE_SIZE unless given.
    """
    size = size or settings.LISTING_PAGE_SIZE
    at = _parse_cursor(cursor, listing, order) if cursor else None
    backwards = at is not None and at.backwards
    if at is not None:
        try:
            queryset = queryset.filter(_after(order, at.values, backwards=backwards))
        except (ValueError, TypeError, ValidationError):
            # From another version, whose columns had other types.
            raise InvalidFilter(FOREIGN_CURSOR, field="cursor") from None
    ordering = [
        F(o.column).desc() if o.descending != backwards else F(o.column).asc() for o in order
    ]
    rows = list(queryset.order_by(*ordering)[: size + 1])
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()

    def at_row(row: Any, *, back: bool) -> Cursor:
        return Cursor(tuple(_value(row, o.column) for o in order), back)

    has_next = more if not backwards else True
    has_previous = (at is not None) if not backwards else more
    return Page(
        rows,
        at_row(rows[-1], back=False) if rows and has_next else None,
        at_row(rows[0], back=True) if rows and has_previous else None,
    )


class CdsListView(APIView):
    """Base of GET listings. Subclasses set the envelope, filters and order, and represent rows.

    Body: `{<envelope>: [...], "next": URL or null, "previous": URL or null}` (CDS-WG1-01 4.1).
    """

    envelope: ClassVar[str]
    filters: ClassVar[Sequence[Filter]] = ()
    order: ClassVar[Sequence[Order]]

    def base_queryset(self, request: Request) -> QuerySet[Any]:
        """Return all rows that the caller can see."""
        raise NotImplementedError

    def represent(self, rows: list[Any], request: Request) -> list[Mapping[str, Any]]:
        """Return the rows of one page in wire form."""
        raise NotImplementedError

    def filtered(self, request: Request) -> QuerySet[Any]:
        """Apply every filter present in the URL; an empty parameter counts as absent."""
        queryset, query = self.base_queryset(request), ListQuery.of(request)
        for item in self.filters:
            for text in query.texts(item.name):
                queryset = queryset.filter(item.condition(text))
        return queryset

    def get(self, request: Request) -> Response:
        """Answer with one page."""
        query = ListQuery.of(request)
        page = take_page(
            self.filtered(request),
            listing=query.path,
            order=self.order,
            cursor=query.cursor,
        )
        return Response(
            {
                self.envelope: self.represent(page.rows, request),
                "next": query.page_url(page.next),
                "previous": query.page_url(page.previous),
            }
        )
