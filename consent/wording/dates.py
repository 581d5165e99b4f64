"""Days, lists and numbers in the language of the page."""

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_decimal
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.values.durations import Duration
from portal.values.wording import page_locale


def day_words(day: date) -> str:
    """Word a day: "1 January 2029"."""
    locale = page_locale()
    return format_date(day, "d MMMM y" if locale.language == "en" else "long", locale=locale)


def month_words(day: date) -> str:
    """Word a month: "March 2026"."""
    return format_date(day, "MMMM y", locale=page_locale())


def local_day(moment: datetime, zone: tzinfo) -> date:
    """Return the utility's calendar day of a moment."""
    return moment.astimezone(zone).date()


def list_words(parts: Sequence[str]) -> str:
    """Join parts as a sentence does: "electricity, natural gas, and water"."""
    return format_list(list(parts), locale=page_locale())


def number_words(number: int) -> str:
    """Write a whole number with the language's separators."""
    return format_decimal(number, locale=page_locale())


def day_with_span(day: date, span: Duration | None, *, past: bool) -> str:
    """Word a day, with the asked span beside it where it is a plain one."""
    words = span_words(span, past=past) if span is not None else ""
    if not words:
        return day_words(day)
    return _("%(day)s (%(span)s)") % {"day": day_words(day), "span": words}


def span_words(span: Duration, *, past: bool) -> str:
    """Word a span of whole years, months or days seen from today; others have no short words."""
    if span.is_zero or span.seconds or (span.months and span.days):
        return ""
    if span.months and span.months % 12 == 0:
        return _years(span.months // 12, past=past)
    if span.months:
        return _months(span.months, past=past)
    return _days(span.days, past=past)


def _years(n: int, *, past: bool) -> str:
    if past:
        return ngettext("%(n)d year ago", "%(n)d years ago", n) % {"n": n}
    return ngettext("in %(n)d year", "in %(n)d years", n) % {"n": n}


def _months(n: int, *, past: bool) -> str:
    if past:
        return ngettext("%(n)d month ago", "%(n)d months ago", n) % {"n": n}
    return ngettext("in %(n)d month", "in %(n)d months", n) % {"n": n}


def _days(n: int, *, past: bool) -> str:
    if past:
        return ngettext("%(n)d day ago", "%(n)d days ago", n) % {"n": n}
    return ngettext("in %(n)d day", "in %(n)d days", n) % {"n": n}
