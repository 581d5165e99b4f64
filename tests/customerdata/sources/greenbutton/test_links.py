"""Which entry belongs to which: links that are missing, wrong or of an unusual kind."""

import pytest

from customerdata.sources.greenbutton.model import GreenButtonError
from customerdata.sources.greenbutton.stated import Told
from tests.customerdata.sources.greenbutton.conftest import load, stored
from tests.customerdata.sources.greenbutton.feeds import (
    bare,
    block,
    document,
    entry,
    point,
    reading,
    reading_type,
)

pytestmark = pytest.mark.usefixtures("account")

START = 1768021200


def hour(value: int, after: int = 0) -> str:
    """Return one hour."""
    return reading(START + after * 3600, 3600, value)


def values() -> list[str]:
    """Return the stored numbers alone."""
    return [str(value.value) for value in stored()]


def test_up_links_may_end_in_the_number_of_the_entry_itself():
    """Some exporters repeat the own link as the way up."""
    data = document(
        entry("UP/1", "UP", point()),
        entry("UP/2", "UP", point()),
        entry("UP/1/MR/1", "UP/1/MR/1", "<MeterReading/>", "RT/1"),
        entry("UP/2/MR/1", "UP/2/MR/1", "<MeterReading/>", "RT/1"),
        entry("UP/1/MR/1/IB/1", "UP/1/MR/1/IB/1", block(hour(1000))),
        entry("UP/2/MR/1/IB/1", "UP/2/MR/1/IB/1", block(hour(2000))),
        entry("RT/1", "RT", reading_type()),
    )
    assert load(data).changes
    assert values() == ["1", "2"]


def test_a_link_to_something_absent_never_falls_to_what_others_name():
    """The one meter reading of the file has its own block; the other block is of another meter."""
    data = document(
        entry("UP/1", "UP", point()),
        entry("UP/1/MR/1", "UP/1/MR", "<MeterReading/>", "RT/1"),
        entry("UP/1/MR/1/IB/1", "UP/1/MR/1/IB", block(hour(1000))),
        entry("UP/1/MR/9/IB/1", "UP/1/MR/9/IB", block(hour(77_000, 1))),
        entry("RT/1", "RT", reading_type()),
    )
    with pytest.raises(GreenButtonError, match=r"not in the file.*--leave-out"):
        load(data)


def test_the_only_candidate_that_nothing_else_names_is_taken_with_a_warning():
    """A mistyped link in a file of one meter leaves no other way to read it."""
    data = document(
        entry("UP/1", "UP", point()),
        entry("M/1", "UP/99/MeterReading", "<MeterReading/>", "ReadingType/9"),
        entry("B/1", "M/77/IntervalBlock", block(hour(1000))),
        entry("B/2", "M/77/IntervalBlock", block(hour(1000, 1))),
        entry("RT/1", "RT", reading_type()),
    )
    warnings = load(data).warnings
    assert values() == ["1", "1"]
    for name in ("usage point UP/99", "reading type ReadingType/9", "meter reading M/77"):
        assert sum(name in text for text in warnings) == 1


def test_two_absent_names_are_two_things():
    """One usage point cannot be both."""
    data = document(
        entry("UP/1", "UP", point()),
        entry("M/1", "UP/98/MeterReading", "<MeterReading/>", "RT/1"),
        entry("M/2", "UP/99/MeterReading", "<MeterReading/>", "RT/1"),
        entry("B/1", "M/1", block(hour(1000))),
        entry("B/2", "M/2", block(hour(2000))),
        entry("RT/1", "RT", reading_type()),
    )
    with pytest.raises(GreenButtonError, match=r"usage point UP/98, which is not in the file"):
        load(data)


def test_a_file_of_blocks_alone_is_taken_once_the_service_is_stated():
    """Downloads of two large utilities hold one reading type and blocks, nothing else."""
    data = document(bare(reading_type()), bare(block(hour(1000))), bare(block(hour(2000, 1))))
    with pytest.raises(GreenButtonError, match="--service"):
        load(data)
    summary = load(data, Told(service="electric"))
    assert values() == ["1", "2"]
    assert any("no UsagePoint entry" in text for text in summary.warnings)
    assert load(data, Told(service="electric")).changes == 0


def test_blocks_of_two_absent_meters_stay_apart():
    """Their links tell them apart, although the file holds neither of the two."""
    data = document(
        entry("UP/1/MeterReading/1/IntervalBlock/1", "", block(hour(1000))),
        entry("UP/1/MeterReading/2/IntervalBlock/1", "", block(hour(2000))),
        bare(reading_type()),
    )
    load(data, Told(service="electric"))
    assert values() == ["1", "2"]


def test_copies_of_entries_are_taken_once_and_others_of_the_same_link_are_refused():
    """Neither may silently take the other's place."""
    types = [entry("RT/1", "RT", reading_type()), entry("RT/1", "RT", reading_type(uom=38))]
    rest = (
        entry("UP/1", "UP", point()),
        entry("UP/1/MR/1", "UP/1/MR", "<MeterReading/>", "RT/1"),
        entry("UP/1/MR/1/IB/1", "UP/1/MR/1/IB", block(hour(1000))),
    )
    summary = load(document(*rest, types[0], types[0]))
    assert any("copy of ReadingType RT/1" in text for text in summary.warnings)
    with pytest.raises(GreenButtonError, match="Two different entries have the link RT/1"):
        load(document(*rest, *types))


def test_entries_without_links_are_told_apart_by_their_own_ids():
    """Forward and reverse on one line are two types, and each keeps its readings."""
    entries = [
        bare(point(), atom_id="urn:p"),
        bare("<MeterReading/>", atom_id="urn:f"),
        bare(reading_type(flowDirection=1), atom_id="urn:rf"),
        bare(block(hour(1000))),
        bare("<MeterReading/>", atom_id="urn:r"),
        bare(reading_type(flowDirection=19), atom_id="urn:rr"),
        bare(block(hour(300))),
    ]
    told = Told(in_order=True)
    data = document(*entries).replace(b"\n", b"")
    load(data, told)
    assert [(v.words, str(v.value)) for v in stored()] == [
        ("electric_usage forward kWh", "1"),
        ("electric_usage reverse kWh", "-0.3"),
    ]
    # A later file begins with other lines and leaves one of them out.
    later = document("\n\n", entries[0], *entries[4:], updated="2026-02-02T00:00:00Z")
    assert load(later, told).changes == 0


def test_numbered_entries_survive_a_later_file():
    """Without link and id, the first forward channel of a point is the first in every file."""
    forward = [bare("<MeterReading/>"), bare(reading_type()), bare(block(hour(1000)))]
    reverse = [
        bare("<MeterReading/>"),
        bare(reading_type(flowDirection=19)),
        bare(block(hour(300))),
    ]
    told = Told(in_order=True)
    load(document(bare(point()), *forward, *reverse), told)
    before = stored()
    assert load(document("\n\n\n", bare(point()), *reverse), told).changes == 0
    assert stored() == before


def test_a_time_zone_that_is_not_in_the_file_is_a_warning():
    """It only bounds months."""
    zone = (
        "<LocalTimeParameters><dstEndRule>B40E2000</dstEndRule><dstOffset>3600</dstOffset>"
        "<dstStartRule>360E2000</dstStartRule><tzOffset>-18000</tzOffset></LocalTimeParameters>"
    )
    data = document(
        entry("UP/1", "UP", point(), "LocalTimeParameters/9"),
        entry("UP/1/MR/1", "UP/1/MR", "<MeterReading/>", "RT/1"),
        entry("UP/1/MR/1/IB/1", "UP/1/MR/1/IB", block(hour(1000))),
        entry("RT/1", "RT", reading_type()),
        entry("LocalTimeParameters/1", "LocalTimeParameters", zone),
    )
    assert any("LocalTimeParameters/9" in text for text in load(data).warnings)
