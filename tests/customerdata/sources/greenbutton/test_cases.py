"""Small files that earlier releases stored wrongly or refused: exactly what each becomes.

The expected values are worked out by hand from the files in `cases/`; all of them begin on 10
January 2026 at midnight in New York.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from consent.catalogue.demo_offers import demo_offers
from customerdata.models.usage import UsagePack, UsageSeries
from customerdata.sources.greenbutton.model import GreenButtonError
from customerdata.sources.greenbutton.stated import Facts, Told
from registration.services.catalogue.offers import load_offers
from tests.customerdata.sources.greenbutton.conftest import NOW, Value, load, stored

CASES = Path(__file__).parent / "cases"
MIDNIGHT = 1768021200
HOUR, DAY = 3600, 86_400
FORWARD = "electric_usage forward kWh"
ELECTRIC = "electric_usage kWh"
GAS = "natural_gas_usage therm"


@pytest.fixture(autouse=True)
def offers(account):
    """Offer what the demo offers, so that no warning speaks of missing choices."""
    load_offers(demo_offers().values())


def every(
    seconds: int,
    *values: str,
    words: str = FORWARD,
    name: str = "Main St 1",
    after: int = 0,
    step: int = 0,
    quality: str = "",
) -> list[Value]:
    """Return values that follow each other, the first `after` seconds past midnight."""
    return [
        Value(
            name,
            words,
            MIDNIGHT + after + position * (step or seconds),
            seconds,
            Decimal(value),
            quality,
        )
        for position, value in enumerate(values)
    ]


@dataclass(frozen=True)
class Case:
    """Files that go in one after the other, and all that is stored then."""

    files: tuple[str, ...]
    expected: list[Value]
    warnings: tuple[str, ...] = ()
    told: Told = field(default_factory=Told)


TAKEN = [
    Case(("01",), [*every(HOUR, "1", "1", "1"), *every(HOUR, "0.2", "0.2", "0.2")]),
    Case(
        ("02",),
        [*every(HOUR, "1", "1", "1"), *every(HOUR, "1", "1", after=HOUR)],
        told=Told(named={"M2": Facts(registers="totals-at-end")}),
    ),
    Case(
        ("02",),
        [*every(HOUR, "1", "1", "1"), *every(HOUR, "1", "1")],
        told=Told(named={"M2": Facts(registers="totals-at-start")}),
    ),
    Case(
        ("02",),
        every(HOUR, "1", "1", "1"),
        warnings=("M2 was left out",),
        told=Told(leave_out=("M2",)),
    ),
    Case(
        ("03a",),
        every(HOUR, "1"),
        warnings=("IntervalBlock of M9 was left out",),
        told=Told(leave_out=("M9",)),
    ),
    Case(
        ("03c",),
        [*every(HOUR, "1"), *every(HOUR, "0.2", words=ELECTRIC)],
        told=Told(named={"M2": Facts(unit="Wh")}),
    ),
    Case(
        ("04a",),
        every(900, "0.1", "0.101", "0.102", "0.103"),
        warnings=("durations of 899 s",),
    ),
    Case(
        ("05a",),
        [*every(HOUR, *["1"] * 24), *every(DAY, "24"), *every(30 * DAY, "720")],
    ),
    Case(("05b",), every(DAY, "24", "24", "24")),
    Case(("05b", "05c"), [*every(DAY, "24", "24", "24"), *every(30 * DAY, "720")]),
    Case(("06",), [*every(HOUR, "1", name="House"), *every(HOUR, "2", name="Barn")]),
    Case(("07a",), every(HOUR, "0.1", "0.2")),
    Case(("07a", "07b"), every(HOUR, "0.1", "0.2")),
    Case(
        ("07b", "07a"),
        every(HOUR, "0.1", "0.2"),
        warnings=("states no time zone", "keep following America/Los_Angeles"),
    ),
    Case(("08",), every(HOUR, "0.1"), warnings=("updated is a day",)),
    Case(
        ("09a",),
        [
            *every(DAY, "9", words=ELECTRIC, name=""),
            *every(DAY, "2", words=GAS, name=""),
        ],
        warnings=("states no time zone",),
    ),
    Case(
        ("10a",),
        [*every(HOUR, "1", name=""), *every(HOUR, "5", words=GAS, name="")],
        warnings=("states no time zone",),
        told=Told(in_order=True),
    ),
    Case(
        ("11a",),
        [
            *every(8 * HOUR, "1", "1", "1", step=DAY),
            *every(16 * HOUR, "3", "3", "3", after=8 * HOUR, step=DAY),
        ],
    ),
    Case(("12",), every(HOUR, "0.1", "0.101", "0.102")),
    Case(("13",), every(HOUR, "0.1", quality="estimated")),
    Case(
        ("14a",),
        every(HOUR, "1"),
        warnings=("M2 was left out", "M3 was left out"),
        told=Told(leave_out=("M2", "ReadingType/R3")),
    ),
    Case(("14b",), every(HOUR, "1"), warnings=("M2 was left out",), told=Told(leave_out=("M2",))),
    Case(("15b",), every(DAY, "2", words=GAS), warnings=("is read as natural_gas",)),
    Case(("16",), every(HOUR, "0.1", name="X" * 300), warnings=("title has 600 characters",)),
    Case(("17",), every(HOUR, "1", "1", "1"), warnings=("3 readings are copies",)),
]


def of(start: str) -> bytes:
    """Return the case whose file name begins so."""
    (path,) = CASES.glob(f"{start}_*.xml")
    return path.read_bytes()


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: "-".join(case.files))
def test_what_is_stored_is_what_the_file_says(case):
    """Value by value, with quality and length; the report names the same sums."""
    summaries = [load(of(name), case.told) for name in case.files]
    assert stored() == sorted(case.expected)
    warnings = [text for summary in summaries for text in summary.warnings]
    assert len(warnings) == len(case.warnings), warnings
    for words, text in zip(case.warnings, warnings, strict=True):
        assert words in text
    last = summaries[-1]
    if len(case.files) == 1:
        assert sum(last.sums.values()) == sum(value.value for value in case.expected)
        assert sum(entry.count for entry in last.stored) == len(case.expected)


@pytest.mark.parametrize("case", TAKEN, ids=lambda case: "-".join(case.files))
def test_the_same_files_again_change_nothing(case):
    """Operators run imports from timers, old files and new ones alike."""
    for name in case.files:
        load(of(name), case.told)
    packs = set(UsagePack.objects.values_list("pk", flat=True))
    for name in case.files:
        assert load(of(name), case.told).changes == 0
    assert set(UsagePack.objects.values_list("pk", flat=True)) == packs


REFUSED = [
    ("02", Told(), ["<accumulationBehaviour>", "--registers M2=HOW", "--leave-out M2"]),
    ("03a", Told(), ["line 9", "<IntervalBlock>", "MeterReading/M9", "--leave-out M9"]),
    ("03c", Told(), ["line 6", "<MeterReading>", "ReadingType/R9", "--unit M2=UNIT"]),
    ("10a", Told(), ["line 1", "which of the 2", "--in-order"]),
    ("14a", Told(), ["(varh) of M2", "(V) of M3", "--leave-out M2", "--leave-out M3"]),
    ("14a", Told(unit="Wh"), ["(varh) of M2", "(V) of M3"]),
    ("14b", Told(), ["(money) of M2", "--leave-out M2"]),
    ("14b", Told(leave_out=("M7",)), ["No channel", "M7", "M1, M2"]),
    ("14b", Told(named={"M1": Facts(unit="therm")}), ["--unit M1=therm", "a different unit"]),
]


@pytest.mark.parametrize(("name", "told", "words"), REFUSED)
def test_what_is_ambiguous_is_refused_with_the_option_that_states_it(name, told, words):
    """Nothing of such a file is stored."""
    with pytest.raises(GreenButtonError) as caught:
        load(of(name), told)
    for part in words:
        assert part in caught.value.message
    assert not UsageSeries.objects.exists()


def test_a_day_without_time_counts_from_its_begin():
    """Some exporters write `updated` as a date."""
    load(of("08"))
    assert UsagePack.objects.get().as_of == datetime(2026, 2, 1, tzinfo=UTC)


def test_an_empty_time_counts_as_now():
    """The import's own time is the source's, as for a file without `updated`."""
    data = of("08").replace(b"<updated>2026-02-01</updated>", b"<updated/>")
    assert any("updated is empty" in text for text in load(data).warnings)
    assert UsagePack.objects.get().as_of == NOW
