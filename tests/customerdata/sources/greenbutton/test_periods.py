"""When readings were: odd lengths, clock changes, copies, grids that shift, bills issued again."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from customerdata.models.usage import UsageSeries
from customerdata.sources.greenbutton.model import GreenButtonError
from customerdata.usage.store import write_readings
from customerdata.usage_values.columns import make_column
from tests.customerdata.sources.greenbutton.conftest import load, stored
from tests.customerdata.sources.greenbutton.feeds import feed, reading

pytestmark = pytest.mark.usefixtures("account")

START = 1768021200
DAY = 86_400
# 2026-11-01 in Los Angeles: the second 1 o'clock begins at 9:00 UTC.
AUTUMN = 1793516400
# 2026-03-08 in Los Angeles has 23 hours.
SPRING = 1772956800
LATER = "2026-02-02T00:00:00Z"


def of(data: bytes, length: int) -> bytes:
    """Return the feed with an interval length in its reading type."""
    stated = f"<intervalLength>{length}</intervalLength>".encode()
    return data.replace(b"<powerOfTenMultiplier>", stated + b"<powerOfTenMultiplier>")


def spans() -> list[tuple[int, int, str]]:
    """Return start, length and number of what is stored, in the order of time."""
    return sorted((v.start, v.seconds, str(v.value)) for v in stored())


@pytest.mark.parametrize(("said", "meant"), [(899, 900), (3599, 3600), (86_399, DAY)])
def test_a_period_that_stops_a_second_early_is_a_full_one(said, meant):
    """Nothing begins in the second that is missing."""
    summary = load(feed([reading(START + meant * n, said, 1000) for n in range(2)]))
    assert spans() == [(START, meant, "1"), (START + meant, meant, "1")]
    assert any(f"durations of {said} s" in text for text in summary.warnings)


def test_a_period_that_the_next_one_follows_is_taken_as_it_is():
    """However odd: then the file means what it says."""
    load(feed([reading(START, 119, 1000), reading(START + 119, 119, 2000)]))
    assert spans() == [(START, 119, "1"), (START + 119, 119, "2")]


def test_copies_may_stop_a_second_early_or_name_their_qualities_in_another_order():
    """What they say is the same."""
    marks = [f"<ReadingQuality><quality>{n}</quality></ReadingQuality>" for n in (8, 14)]
    hour = reading(START, 3600, 1000)
    copies = [
        hour.replace("<timePeriod>", f"{one}{other}<timePeriod>").replace("3600", seconds)
        for one, other in (marks, reversed(marks))
        for seconds in ("3599", "3600")
    ]
    summary = load(feed(copies))
    assert spans() == [(START, 3600, "1")]
    assert any("3 readings are copies" in text for text in summary.warnings)


def test_an_empty_reading_of_the_autumn_hour_has_the_length_of_its_type():
    """Exporters that subtract wall clocks write 0 for an hour that ends when it began."""
    hours = [reading(AUTUMN, 0, 531), reading(AUTUMN + 3600, 3600, 441)]
    with pytest.raises(GreenButtonError, match=r"<duration>: A duration of 0"):
        load(feed(hours))
    summary = load(of(feed(hours), 3600))
    assert spans() == [(AUTUMN, 3600, "0.531"), (AUTUMN + 3600, 3600, "0.441")]
    assert any("the 531 from 2026-11-01 07:00 UTC" in text for text in summary.warnings)


@pytest.mark.parametrize("value", [462, 441])
def test_an_empty_reading_stays_beside_the_one_that_begins_with_it(value):
    """The official samples of 2011 hold one: nothing of it is lost, and nothing is moved."""
    hours = [reading(AUTUMN, 3600, 531), reading(AUTUMN + 3600, 0, value)]
    hours.append(reading(AUTUMN + 3600, 3600, 441))
    data = of(feed(hours), 3600)
    summary = load(data)
    assert sum(v.value for v in stored()) == Decimal(531 + value + 441) / 1000
    assert any("overlap in time" in text for text in summary.warnings)
    assert load(data).changes == 0


@pytest.mark.parametrize("seconds", [3600, 7200])
def test_two_hours_in_one_reading_are_kept_and_reported(seconds):
    """Whether it counts both is for the utility to say: 615 stands between 275 and 265."""
    hours = [
        reading(AUTUMN, 3600, 275),
        reading(AUTUMN + 3600, seconds, 615),
        reading(AUTUMN + 3 * 3600, 3600, 265),
    ]
    summary = load(feed(hours))
    assert (AUTUMN + 3600, seconds, "0.615") in spans()
    assert sum("the 615 from 2026-11-01 08:00 UTC" in text for text in summary.warnings) == 1


def test_days_and_full_autumn_nights_are_no_reason_to_warn():
    """Twenty-five hours, each with its reading."""
    hours = [reading(AUTUMN + 3600 * n, 3600, 100) for n in range(25)]
    assert not any("clocks" in text for text in load(feed(hours)).warnings)


def test_overlaps_that_differ_stay_and_copies_do_not():
    """Two blocks share a day; in one of its hours they disagree."""
    hours = [reading(START + 3600 * n, 3600, 100) for n in range(3)]
    summary = load(feed([*hours, *hours[1:], reading(START, 3600, 101)]))
    assert spans() == [
        (START, 3600, "0.1"),
        (START, 3600, "0.101"),
        (START + 3600, 3600, "0.1"),
        (START + 7200, 3600, "0.1"),
    ]
    assert sum("2 readings are copies" in text for text in summary.warnings) == 1
    assert sum("overlap in time" in text for text in summary.warnings) == 1


def test_a_bill_issued_again_with_another_length_is_a_correction():
    """It takes the place of the former, which stays readable for its time."""
    load(feed([reading(START, 30 * DAY, 720_000)], updated="2026-02-01T00:00:00Z"))
    summary = load(feed([reading(START, 31 * DAY, 744_000)], updated="2026-02-10T00:00:00Z"))
    assert (summary.segments.created, summary.segments.corrected) == (0, 1)
    assert spans() == [(START, 31 * DAY, "744")]
    earlier = stored(datetime(2026, 2, 5, tzinfo=UTC))
    assert [(v.seconds, v.value) for v in earlier] == [(30 * DAY, Decimal(720))]


def test_a_former_bill_that_arrives_late_does_not_hide_the_correction():
    """It holds for its own time alone."""
    load(feed([reading(START, 31 * DAY, 744_000)], updated="2026-02-10T00:00:00Z"))
    load(feed([reading(START, 30 * DAY, 720_000)], updated="2026-02-01T00:00:00Z"))
    assert spans() == [(START, 31 * DAY, "744")]
    earlier = stored(datetime(2026, 2, 5, tzinfo=UTC))
    assert [(v.seconds, v.value) for v in earlier] == [(30 * DAY, Decimal(720))]


def test_a_bill_that_overlaps_another_of_an_earlier_file_is_reported():
    """The utility may have moved the day on which it reads."""
    load(feed([reading(START, 30 * DAY, 720_000)]))
    summary = load(feed([reading(START + DAY, 30 * DAY, 700_000)], updated=LATER))
    assert len(stored()) == 2
    assert any("from several files overlap" in text for text in summary.warnings)


def test_a_day_is_no_correction_of_the_bill_that_begins_with_it():
    """One channel sends days first and a bill at the end of the month."""
    load(feed([reading(START, DAY, 24_000)]))
    load(feed([reading(START, 30 * DAY, 720_000)], updated=LATER))
    assert spans() == [(START, DAY, "24"), (START, 30 * DAY, "720")]


@pytest.mark.parametrize("shift", [600, 1800])
def test_later_readings_may_lie_on_another_grid(shift):
    """The meter was changed in mid-hour, and the new one counts from there."""
    load(feed([reading(START + 3600 * n, 3600, 1000) for n in range(3)]))
    new = [reading(START + 3 * 3600, shift, 200)]
    new += [reading(START + 3 * 3600 + shift + 3600 * n, 3600, 2000) for n in range(2)]
    data = feed(new, updated=LATER)
    load(data)
    assert sum(value.value for value in stored()) == Decimal("7.2")
    assert len(stored()) == 6
    assert load(data).changes == 0


def test_night_and_day_of_a_later_file_find_their_own():
    """Periods that divide no day are kept one by one, wherever they begin."""
    first = [reading(START, 8 * 3600, 1000), reading(START + 8 * 3600, 16 * 3600, 3000)]
    load(feed(first))
    again = feed([reading(START + 8 * 3600, 16 * 3600, 3100)], updated=LATER)
    summary = load(again)
    assert (summary.segments.created, summary.segments.corrected) == (0, 1)
    assert spans() == [(START, 8 * 3600, "1"), (START + 8 * 3600, 16 * 3600, "3.1")]


@pytest.mark.parametrize(
    "data",
    [
        feed([reading(START + DAY * n, DAY, 24_000) for n in range(3)]),
        feed([reading(START, 30 * DAY, value) for value in (1000, 2000, 3000)], kind=1, uom=169),
        feed([reading(START + 3600 * n, 3600, 1000, cost=5) for n in range(30)], flow=19),
        feed([reading(START, DAY, 24_000), reading(START + DAY, 30 * DAY, 720_000)]),
    ],
    ids=["days", "bills side by side", "hours with costs", "days and bills"],
)
def test_series_of_releases_before_are_found_again(data):
    """What was stored without the names of channels is corrected, not stored twice."""
    load(data)
    UsageSeries.objects.update(sources={}, grid="")
    before = stored()
    assert load(data).changes == 0
    assert stored() == before
    assert not UsageSeries.objects.filter(sources={}).exists()


@pytest.mark.parametrize("release_before", [False, True])
def test_a_part_of_overlapping_bills_is_found_again(release_before):
    """The second of two bills stays where it is when the next file begins with it."""
    bills = [reading(START + n * 15 * DAY, 30 * DAY, 1000 * n) for n in (1, 2, 4)]
    load(feed(bills[:2]))
    if release_before:
        UsageSeries.objects.update(sources={}, grid="")
    summary = load(feed(bills[1:], updated=LATER))
    assert [number for _, _, number in spans()] == ["1", "2", "4"]
    assert (summary.segments.created, summary.segments.unchanged) == (1, 1)
    assert load(feed(bills[:2])).changes == 0


def test_a_part_of_overlapping_hours_is_reported():
    """Nobody knows which of two readings of one hour the later file states again."""
    hours = [reading(START, 3600, 1000), reading(START, 3600, 2000)]
    assert not any("does not state again" in text for text in load(feed(hours)).warnings)
    summary = load(feed(hours[1:], updated=LATER))
    assert any("does not state again" in text for text in summary.warnings)
    summary = load(feed([reading(START + 3600, 3600, 3000)], updated=LATER))
    assert not any("does not state again" in text for text in summary.warnings)


def test_days_of_23_hours_of_releases_before_are_found_again():
    """They lay in a series of fixed steps of their own, beside that of the other days."""
    days = [(SPRING - DAY, DAY), (SPRING, 23 * 3600), (SPRING + 23 * 3600, DAY)]
    readings = [reading(start, seconds, 24_000) for start, seconds in days]
    load(feed(readings[::2]))
    like = UsageSeries.objects.get()
    former = UsageSeries.objects.create(
        customer=like.customer,
        account=like.account,
        contract=like.contract,
        service_point=like.service_point,
        meter=like.meter,
        commodity=like.commodity,
        zone=like.zone,
        columns=like.columns,
        interval=23 * 3600,
    )
    write_readings(
        series=former,
        start=datetime.fromtimestamp(SPRING, UTC),
        columns=[make_column(former.formats[0], [Decimal(24)])],
        as_of=datetime(2026, 2, 1, tzinfo=UTC),
        synced=datetime(2026, 2, 1, tzinfo=UTC),
    )
    UsageSeries.objects.update(sources={}, grid="")
    before = stored()
    assert load(feed(readings)).changes == 0
    assert stored() == before
    next_year = SPRING + 364 * DAY
    later = [reading(SPRING, 23 * 3600, 23_000), reading(next_year, 23 * 3600, 22_000)]
    summary = load(feed(later, updated=LATER))
    assert (summary.segments.created, summary.segments.corrected) == (1, 1)
    assert spans()[1::2] == [(SPRING, 23 * 3600, "23"), (next_year, 23 * 3600, "22")]
    assert load(feed(later, updated=LATER)).changes == 0
    assert not UsageSeries.objects.filter(sources={}).exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"UP/1/MR/1", b"UP/1/MR/9", "another channel"),
        (b"<flowDirection>1<", b"<flowDirection>0<", "1 as electric_usage forward kWh"),
    ],
)
def test_the_same_time_under_other_words_is_kept_and_reported(old, new, words):
    """A channel that was renamed, or the first file that states no direction."""
    data = feed([reading(START + 3600 * n, 3600, 1000) for n in range(3)])
    assert not any("count twice" in text for text in load(data).warnings)
    summary = load(data.replace(old, new))
    assert len(stored()) == 6
    assert sum(words in text for text in summary.warnings) == 1
