"""URL parameters that several kinds share; values that a token cannot see match nothing."""

from datetime import date
from functools import partial

from django.db.models import Q

from customerdata.kinds.base import ReaderFilter, Sees
from portal.http.listing import InvalidFilter, Order, parse_instant, split_ids
from portal.values.times import parse_date

NOTHING = Q(number=0)  # versions count from 1

NEWEST_FIRST = Order("arrived", True, partial(parse_instant, name="cursor"))


# A column of computed access, see `VersionedKind.sorted_by`.
SORT_KEY = Order("sort_key", False, str)


def by_text(column: str) -> Order:
    """Order by a text column."""
    return Order(column, False, str)


def by_date(column: str, *, descending: bool = False) -> Order:
    """Order by a date column."""
    return Order(column, descending, parse_date)


def dated(name: str, lookup: str) -> ReaderFilter:
    """Rows whose required field compares with a date; `lookup` is for example `end_date__gte`."""
    return ReaderFilter(name, lambda text, sees: Q(**{lookup: _day(text, name)}))


def _day(text: str, name: str) -> date:
    try:
        return parse_date(text.strip())
    except ValueError as error:
        raise InvalidFilter(f"{name}: {error}", field=name) from None


def listed(name: str, lookup: str) -> ReaderFilter:
    """Rows whose required field (a lookup such as `status__in`) is among the values."""
    return ReaderFilter(name, lambda text, sees: Q(**{lookup: split_ids(text, name=name)}))


def optional(name: str, lookup: str, field_id: str, kind: str) -> ReaderFilter:
    """Rows whose optional field is among the values and visible to the token."""

    def condition(text: str, sees: Sees) -> Q:
        return sees.field_matches(kind, field_id, Q(**{lookup: split_ids(text, name=name)}))

    return ReaderFilter(name, condition)


def referring(name: str, column: str, target: str) -> ReaderFilter:
    """Rows whose reference array holds one of the ids that are visible to the token."""

    def condition(text: str, sees: Sees) -> Q:
        keys = sees.visible_keys(target, split_ids(text, name=name))
        return Q(**{f"{column}__overlap": keys}) if keys else NOTHING

    return ReaderFilter(name, condition)
