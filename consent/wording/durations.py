"""For how long: full sentences with dates, equal spans said once (CDS-WG3-01 9.2.2.2)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consent.catalogue.access import effective_includes, objects_turned_on
from consent.catalogue.details import RequestedAccess
from consent.wording.dates import day_with_span, day_words, list_words, local_day
from portal.values.durations import (
    INFINITE,
    Direction,
    Duration,
    read_datetime_value,
    resolve_date,
    resolve_datetime,
)
from portal.values.times import TimeFormatError
from registration.catalogue.types import Text, scope_types

_SYNCED: Mapping[str, Text] = {
    "Account": gettext_lazy("accounts"),
    "ServiceContract": gettext_lazy("services"),
    "ServicePoint": gettext_lazy("connections"),
    "MeterDevice": gettext_lazy("meters"),
    "Aggregation": gettext_lazy("combined totals"),
}
_SYNC: Mapping[str, Text] = {
    "open": gettext_lazy("Details of your %(things)s, kept up to date until you stop sharing."),
    "now": gettext_lazy("Details of your %(things)s as they are today. No updates afterwards."),
    "until": gettext_lazy("Details of your %(things)s, kept up to date until %(end)s."),
    "over": gettext_lazy("Details of your %(things)s as they were on %(end)s. Nothing newer."),
}
_USAGE: Mapping[str, Text] = {
    "all-open": gettext_lazy("All your past usage, and new usage until you stop sharing."),
    "all-now": gettext_lazy("All your past usage up to today. Nothing new afterwards."),
    "all-until": gettext_lazy("All your past usage, and new usage until %(end)s."),
    "all-over": gettext_lazy("All your past usage up to %(end)s. Nothing newer."),
    "past-open": gettext_lazy("Usage since %(start)s, and new usage until you stop sharing."),
    "past-now": gettext_lazy("Usage from %(start)s up to today. Nothing new afterwards."),
    "past-until": gettext_lazy("Usage since %(start)s, and new usage until %(end)s."),
    "past-over": gettext_lazy("Usage from %(start)s to %(end)s. Nothing newer."),
    "new-open": gettext_lazy("Only new usage from %(start)s on, until you stop sharing."),
    "new-now": gettext_lazy("Only usage of %(start)s. Nothing new afterwards."),
    "new-until": gettext_lazy("Only new usage, from %(start)s until %(end)s."),
    "empty": gettext_lazy("No usage: the time span that was asked for is empty."),
}
_BILLS: Mapping[str, Text] = {
    "all-open": gettext_lazy("All your past bills, and new bills until you stop sharing."),
    "all-now": gettext_lazy("All your past bills up to today. No new bills afterwards."),
    "all-until": gettext_lazy("All your past bills, and new bills until %(end)s."),
    "all-over": gettext_lazy("All your past bills up to %(end)s. None newer."),
    "past-open": gettext_lazy("Bills since %(start)s, and new bills until you stop sharing."),
    "past-now": gettext_lazy("Bills from %(start)s up to today. No new bills afterwards."),
    "past-until": gettext_lazy("Bills since %(start)s, and new bills until %(end)s."),
    "past-over": gettext_lazy("Bills from %(start)s to %(end)s. None newer."),
    "new-open": gettext_lazy("Only new bills from %(start)s on, until you stop sharing."),
    "new-now": gettext_lazy("Only bills of %(start)s. No new bills afterwards."),
    "new-until": gettext_lazy("Only new bills, from %(start)s until %(end)s."),
    "empty": gettext_lazy("No bills: the time span that was asked for is empty."),
}
_BILL_DETAILS: Mapping[str, Text] = {
    "all-open": gettext_lazy("Details of all past bills, and of new ones until you stop sharing."),
    "all-now": gettext_lazy("Details of all past bills up to today. Nothing new afterwards."),
    "all-until": gettext_lazy("Details of all past bills, and of new ones until %(end)s."),
    "all-over": gettext_lazy("Details of all past bills up to %(end)s. Nothing newer."),
    "past-open": gettext_lazy("Bill details since %(start)s, and new ones until you stop sharing."),
    "past-now": gettext_lazy("Bill details from %(start)s up to today. Nothing new afterwards."),
    "past-until": gettext_lazy("Bill details since %(start)s, and new ones until %(end)s."),
    "past-over": gettext_lazy("Bill details from %(start)s to %(end)s. Nothing newer."),
    "new-open": gettext_lazy("Only new bill details from %(start)s on, until you stop sharing."),
    "new-now": gettext_lazy("Only bill details of %(start)s. Nothing new afterwards."),
    "new-until": gettext_lazy("Only new bill details, from %(start)s until %(end)s."),
    "empty": gettext_lazy("No bill details: the time span that was asked for is empty."),
}


class EndKind(StrEnum):
    """How new data ends."""

    OPEN = "open"
    NOW = "now"
    UNTIL = "until"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Limit:
    """One end of a window: `moment` is None without a limit, `span` is kept for its words."""

    moment: datetime | None
    span: Duration | None


@dataclass(frozen=True, slots=True)
class End:
    """When a request stops bringing new data."""

    kind: EndKind
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Clock:
    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        return local_day(self.now, self.zone)

    def day(self, moment: datetime) -> date:
        return local_day(moment, self.zone)

    def read(self, text: str | None, direction: Direction, *, is_date: bool) -> Limit:
        """Read a relative or absolute value; dates count as the start of their local day."""
        value = INFINITE if text is None else text
        span = None
        try:
            read = read_datetime_value(value, zone=self.zone)
            span = read if isinstance(read, Duration) else None
        except TimeFormatError:
            span = None
        if is_date:
            day = resolve_date(value, now=self.now, direction=direction, zone=self.zone)
            moment = None if day is None else datetime.combine(day, time.min, tzinfo=self.zone)
        else:
            moment = resolve_datetime(value, now=self.now, direction=direction, zone=self.zone)
        return Limit(moment, span)


def duration_sentences(
    accesses: Sequence[RequestedAccess], *, now: datetime, zone: tzinfo
) -> tuple[str, ...]:
    """Return the time spans of one request section; equal spans of several parts are one."""
    clock = _Clock(now, zone)
    lines = [
        _window_words(access, window, clock)
        for window in _WINDOWS
        for access in accesses
        if window.object in _objects(access)
    ]
    lines += _synced(accesses, clock)
    lines += _expiries(accesses, clock)
    return tuple(dict.fromkeys(lines))


@dataclass(frozen=True, slots=True)
class _Window:
    """The fields that bound one kind of object, and the words for what lies between them."""

    object: str
    start: str
    end: str
    is_date: bool
    words: Mapping[str, Text]

    def first(self, access: RequestedAccess, clock: _Clock) -> Limit:
        return clock.read(access.values.get(self.start), Direction.SUBTRACT, is_date=self.is_date)

    def last(self, access: RequestedAccess, clock: _Clock) -> Limit:
        """Where new data ends: all of it stands still at sync_until (CDS-WG3-01 7.3.1)."""
        end = clock.read(access.values.get(self.end), Direction.ADD, is_date=self.is_date)
        return _earlier(end, _sync_limit(access, clock))


_WINDOWS = (
    _Window("UsageSegment", "segment_start", "segment_end", False, _USAGE),
    _Window("BillStatement", "statement_date_start", "statement_date_end", True, _BILLS),
    _Window("BillSection", "start_date", "end_date", True, _BILL_DETAILS),
)


def _sync_limit(access: RequestedAccess, clock: _Clock) -> Limit:
    return clock.read(access.values.get("sync_until"), Direction.ADD, is_date=False)


def _earlier(one: Limit, other: Limit) -> Limit:
    """Return the end that comes first; the first one when they are equal."""
    if other.moment is None or (one.moment is not None and one.moment <= other.moment):
        return one
    return other


def end_of_sharing(accesses: Sequence[RequestedAccess], *, now: datetime, zone: tzinfo) -> End:
    """Return when the last new data of these requests comes, for the closing sentence."""
    clock = _Clock(now, zone)
    return _latest((_access_end(access, clock) for access in accesses), clock)


def end_of_following(accesses: Sequence[RequestedAccess], *, now: datetime, zone: tzinfo) -> End:
    """Return until when services that are added later come in: what follows them is sync_until."""
    clock = _Clock(now, zone)
    return _latest(
        (_capped(_sync_limit(access, clock), access, clock) for access in accesses), clock
    )


def _latest(ends: Iterable[datetime | None], clock: _Clock) -> End:
    found = list(ends)
    moments = [end for end in found if end is not None]
    if len(moments) < len(found):
        return End(EndKind.OPEN)
    latest = max(moments, default=clock.now)
    return End(_end_kind(Limit(latest, None), clock), clock.day(latest))


def _access_end(access: RequestedAccess, clock: _Clock) -> datetime | None:
    """Return the moment of the last new data, None for open-ended."""
    names = _objects(access)
    limits = [window.last(access, clock) for window in _WINDOWS if window.object in names]
    if any(name in names for name in _SYNCED):
        limits.append(_sync_limit(access, clock))
    moments = [limit.moment for limit in limits if limit.moment is not None]
    if len(moments) < len(limits) or not limits:
        return _capped(Limit(None, None), access, clock)
    return _capped(Limit(max(moments), None), access, clock)


def _capped(limit: Limit, access: RequestedAccess, clock: _Clock) -> datetime | None:
    """Return the moment of a limit, or the end of all access when that is earlier (7.3.8)."""
    expires = clock.read(access.values.get("expires"), Direction.ADD, is_date=False)
    return _earlier(limit, expires).moment


def _objects(access: RequestedAccess) -> frozenset[str]:
    includes = effective_includes(access.values, scope_types()[access.scope_type])
    return objects_turned_on(includes)


def _end_kind(end: Limit, clock: _Clock) -> EndKind:
    if end.moment is None:
        return EndKind.OPEN
    if clock.day(end.moment) < clock.today:
        return EndKind.OVER
    # What ends within the next minutes has ended by the time the customer has read it.
    return EndKind.NOW if end.moment <= clock.now + timedelta(minutes=10) else EndKind.UNTIL


def _start_kind(start: Limit, clock: _Clock) -> str:
    if start.moment is None:
        return "all"
    return "past" if clock.day(start.moment) < clock.today else "new"


def _window_words(access: RequestedAccess, window: _Window, clock: _Clock) -> str:
    start, end = window.first(access, clock), window.last(access, clock)
    key = f"{_start_kind(start, clock)}-{_end_kind(end, clock)}"
    if _is_empty(start, end, is_date=window.is_date):
        key = "empty"
    return str(window.words[key]) % {
        "start": _start_words(start, clock),
        "end": _limit_words(end, clock, past=False),
    }


def _is_empty(start: Limit, end: Limit, *, is_date: bool) -> bool:
    """Compare instants, not days; the last day of a window of dates belongs to it."""
    if start.moment is None or end.moment is None:
        return False
    return start.moment > end.moment if is_date else start.moment >= end.moment


def _start_words(start: Limit, clock: _Clock) -> str:
    if start.moment is not None and clock.day(start.moment) == clock.today:
        return _("today, %(day)s") % {"day": day_words(clock.today)}
    return _limit_words(start, clock, past=True)


def _limit_words(limit: Limit, clock: _Clock, *, past: bool) -> str:
    if limit.moment is None:
        return ""
    return day_with_span(clock.day(limit.moment), limit.span, past=past)


def _synced(accesses: Sequence[RequestedAccess], clock: _Clock) -> list[str]:
    """Objects that are kept current until the same time share a sentence."""
    by_end: dict[tuple[EndKind, str], dict[str, str]] = {}
    for access in accesses:
        end = _sync_limit(access, clock)
        key = (_end_kind(end, clock), _limit_words(end, clock, past=False))
        names = _objects(access)
        found = {name: str(noun) for name, noun in _SYNCED.items() if name in names}
        if found:
            by_end.setdefault(key, {}).update(found)
    return [
        str(_SYNC[kind]) % {"things": list_words(_in_order(found)), "end": end}
        for (kind, end), found in by_end.items()
    ]


def _in_order(found: Mapping[str, str]) -> list[str]:
    order: Callable[[str], int] = list(_SYNCED).index
    return [found[name] for name in sorted(found, key=order)]


def _expiries(accesses: Sequence[RequestedAccess], clock: _Clock) -> list[str]:
    lines = []
    for access in accesses:
        limit = clock.read(access.values.get("expires"), Direction.ADD, is_date=False)
        if limit.moment is not None:
            words = _limit_words(limit, clock, past=False)
            lines.append(_("All access ends on %(end)s.") % {"end": words})
    return lines
