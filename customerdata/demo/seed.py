"""Creates the demo once, and later brings its readings up to date."""

from collections.abc import Callable, Iterator
from datetime import date

from django.db import transaction
from django.db.models import Max

from customerdata.demo.bills import issue_bills
from customerdata.demo.businesses import make_bo, make_cleo
from customerdata.demo.dates import Calendar
from customerdata.demo.developer import make_developer, offers_digest, publish_offers
from customerdata.demo.homes import make_ana, make_dan, make_eve, make_gil
from customerdata.demo.moved import make_fay
from customerdata.demo.people import create_people
from customerdata.demo.readings import readings
from customerdata.demo.structure import BY
from customerdata.models import UsagePack, UsageSeries
from customerdata.usage.store import Delivery, write_many
from portal import audit
from portal.models import AuditEvent

Step = tuple[str, Callable[[Calendar], None]]

_MARKER = "demo.made"

STEPS: tuple[Step, ...] = (
    ("logins", lambda _: create_people()),
    ("offers and territories", lambda _: publish_offers()),
    ("developer", lambda _: make_developer()),
    ("Ana", make_ana),
    ("Bo", make_bo),
    ("Dan", make_dan),
    ("Eve", make_eve),
    ("Fay", make_fay),
    ("Gil", make_gil),
    ("bills", issue_bills),
    ("Cleo (1,200 services)", make_cleo),
)


def due_steps(calendar: Calendar) -> tuple[Step, ...]:
    """Return the remaining steps; none if the demo exists and its readings reach today.

    The marker is an audit event, so one query shows that nothing is due.
    """
    made = _last_made()
    if made is None:
        return STEPS
    steps: list[Step] = []
    if made["offers"] != offers_digest():
        # Only if the coded offers changed, so that changes by staff in the demo are kept.
        steps.append(("offers and territories", lambda _: publish_offers()))
    if "bills" not in made:
        # The demo was created by a version without bills.
        steps.append(("bills", issue_bills))
    until = date.fromisoformat(made["until"])
    if until < calendar.today:
        steps.append((f"readings since {until}", lambda calendar: grow(until, calendar)))
    return tuple(steps)


@transaction.atomic
def make(calendar: Calendar, steps: tuple[Step, ...], progress: Callable[[str], None]) -> None:
    """Run all steps or none, and record it. `progress` is called after each step."""
    for name, step in steps:
        step(calendar)
        progress(name)
    if steps:
        today = calendar.today.isoformat()
        details = {"until": today, "offers": offers_digest(), "bills": today}
        audit.record(_MARKER, by=BY, subject="demo:all", details=details)


def grow(until: date, calendar: Calendar) -> None:
    """Add readings and bills from `until` up to today, for the series read until then."""
    write_many(_growth(until, calendar))
    issue_bills(calendar)


def _growth(until: date, calendar: Calendar) -> Iterator[Delivery]:
    series = UsageSeries.objects.filter(customer__source_key__startswith="demo:")
    # A monthly series ends with the previous month; those of closed contracts ended long ago.
    since = calendar.midnight(until.replace(day=1))
    ends = dict(
        UsagePack.objects.current()
        .filter(series__in=series.values("pk"))
        .values_list("series_id")
        .annotate(Max("segment_end"))
    )
    for row in series.filter(pk__in=[pk for pk, end in ends.items() if end >= since]):
        last = ends[row.pk].astimezone(calendar.zone).date()
        yield from readings(row, last, calendar.today, calendar)


def _last_made() -> dict[str, str] | None:
    event = AuditEvent.objects.filter(action=_MARKER).order_by("-pk").first()
    return event.details if event else None
