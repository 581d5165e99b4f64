"""The demo's calendar: days in the utility's time zone, counted back from today."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.utils import timezone

from portal.values.times import utility_zone


@dataclass(frozen=True, slots=True)
class Calendar:
    """Dates relative to `now` in the utility's time zone; today is never complete."""

    now: datetime
    zone: ZoneInfo

    @classmethod
    def current(cls) -> "Calendar":
        """Return the calendar as of now."""
        return cls(timezone.now(), utility_zone())

    @property
    def today(self) -> date:
        """The local date of `now`."""
        return self.now.astimezone(self.zone).date()

    def ago(self, *, months: int = 0, days: int = 0) -> date:
        """Return the local date that is this many months and days before today."""
        return self.today - relativedelta(months=months) - timedelta(days=days)

    def midnight(self, day: date) -> datetime:
        """Return the instant at which a local day begins."""
        return datetime.combine(day, time(), tzinfo=self.zone).astimezone(UTC)


def months(first: date, last: date) -> Iterator[date]:
    """Yield the first days of the months that [first, last) touches."""
    month = first.replace(day=1)
    while month < last:
        yield month
        month += relativedelta(months=1)
