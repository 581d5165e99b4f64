"""Reading Green Button files: what is kept, and what is refused with line and element."""

import io
from datetime import UTC, datetime

import pytest

from customerdata.sources.greenbutton.model import GreenButtonError
from customerdata.sources.greenbutton.parser import read
from tests.customerdata.sources.greenbutton.feeds import feed, reading


def parse(data: bytes):
    """Read a feed from memory."""
    return read(io.BytesIO(data))


def test_it_reads_points_types_zone_and_readings():
    """A reading type that comes after its readings is found all the same."""
    result = parse(feed([reading(1767254400, 900, 250, cost=5000, quality=8)], power=-3))
    assert result.title == "Test"
    assert result.as_of == datetime(2026, 2, 1, tzinfo=UTC)
    (point,) = result.points
    assert (point.service_kind, point.title) == (0, "Home")
    assert point.local_time is not None
    assert point.local_time.tz_offset == -28800
    (meter_reading,) = point.meter_readings
    assert meter_reading.reading_type is not None
    assert (meter_reading.reading_type.uom, meter_reading.reading_type.power_of_ten) == (72, -3)
    (one,) = meter_reading.blocks[0].readings
    assert one.start == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert (one.seconds, one.value, one.cost, one.qualities) == (900, 250, 5000, (8,))


def test_several_blocks_in_one_entry_are_all_read():
    """Containerised feeds put many resources into one content element."""
    data = feed([reading(1767254400, 900, 1)]).replace(
        b"</IntervalBlock>",
        b"</IntervalBlock><IntervalBlock xmlns='http://naesb.org/espi'>"
        + reading(1767255300, 900, 2).encode()
        + b"</IntervalBlock>",
    )
    assert [r.value for r in parse(data).readings()] == [1, 2]


def test_wrong_links_are_forgiven_when_there_is_only_one_candidate():
    """Exporters mistype links; with one usage point there is no doubt."""
    data = feed([reading(1767254400, 900, 1)]).replace(b'href="UP/1/MR"', b'href="UP/99/MR"')
    (point,) = parse(data).points
    assert len(point.meter_readings) == 1


def test_fractional_starts_keep_their_microseconds():
    """Some exporters write fractions of seconds."""
    (one,) = parse(feed([reading("1767254400.5", 900, 1)])).readings()
    assert one.start == datetime(2026, 1, 1, 8, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "element", "words"),
    [
        (b"<value>250</value>", b"<value>two</value>", "value", "not a whole number"),
        (b"<duration>900</duration>", b"<duration>-1</duration>", "duration", "not valid"),
        (b"<duration>900</duration>", b"<duration>9999999999</duration>", "duration", "not valid"),
        (b"<duration>900</duration>", b"", "duration", "missing"),
        (b"<start>1767254400</start>", b"<start>soon</start>", "start", "seconds since 1970"),
        (b"<start>1767254400</start>", b"<start>1e400</start>", "start", "seconds since 1970"),
        (b"<start>1767254400</start>", b"<start>-62135596800</start>", "start", "since 1970"),
        (b"<tzOffset>-28800</tzOffset>", b"", "tzOffset", "missing"),
    ],
)
def test_broken_values_name_line_and_element(old, new, element, words):
    """The person who exports the file must find the place."""
    data = feed([reading(1767254400, 900, 250)]).replace(old, new)
    with pytest.raises(GreenButtonError) as caught:
        parse(data)
    assert f"<{element}>" in caught.value.message
    assert "line " in caught.value.message
    assert words in caught.value.message


def test_broken_xml_names_the_line():
    """A cut-off download is the commonest broken file."""
    with pytest.raises(GreenButtonError, match=r"line \d+: The XML is malformed"):
        parse(feed([reading(1767254400, 900, 1)])[:-40])


def test_other_files_are_refused():
    """An HTML error page saved as .xml is not a feed."""
    with pytest.raises(GreenButtonError, match="not an Atom feed"):
        parse(b"<html><body/></html>")
    with pytest.raises(GreenButtonError, match="no UsagePoint"):
        parse(b'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title></feed>')


def test_entities_are_never_expanded():
    """A file must not read our disk or blow up memory."""
    evil = (
        b'<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        b'<feed xmlns="http://www.w3.org/2005/Atom"><title>&x;</title></feed>'
    )
    with pytest.raises(GreenButtonError, match="document type"):
        parse(evil)
