"""Streaming reader of ESPI/Atom files.

Entries are read one at a time and dropped, so memory grows with the readings and not with the XML.
Entity declarations and external references are refused, because no utility file needs them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Protocol

from lxml import etree

from customerdata.sources.greenbutton.links import Collected, Entry, Item, join
from customerdata.sources.greenbutton.model import (
    Block,
    Feed,
    GreenButtonError,
    LocalTime,
    MeterReading,
    Reading,
    ReadingType,
    Untimed,
    UsagePoint,
)
from customerdata.sources.greenbutton.stated import Told
from portal.values.times import TimeFormatError, parse_date, parse_datetime

ATOM = "{http://www.w3.org/2005/Atom}"
ESPI = "{http://naesb.org/espi}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# No bill covers ten years. A larger number is a mistake, and arithmetic with it could overflow.
_LONGEST = 10 * 366 * 86_400
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


class Source(Protocol):
    """The source of a feed."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""

    def tell(self) -> int:
        """Return the number of bytes read."""


def read(
    stream: Source,
    *,
    told: Told | None = None,
    progress: Callable[[int], None] | None = None,
) -> Feed:
    """Read a stream of ESPI/Atom XML; `progress` gets the number of bytes read.

    Raises GreenButtonError with line and element.
    """
    collected = Collected()
    with _xml_errors():
        for order, entry in enumerate(_entries(stream, collected, progress)):
            _collect(entry, order, collected)
    if not (collected.points or collected.meter_readings or collected.blocks):
        raise GreenButtonError("The file has no UsagePoint: it is not a Green Button usage file.")
    return join(collected, told or Told())


@contextmanager
def _xml_errors() -> Iterator[None]:
    try:
        yield
    except etree.XMLSyntaxError as error:
        line = error.lineno or None
        raise GreenButtonError(f"The XML is malformed: {error.msg}", line=line) from error


def _entries(
    stream: Source, collected: Collected, progress: Callable[[int], None] | None
) -> Iterator[etree._Element]:
    events = etree.iterparse(
        stream,
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    depth = 0
    for event, element in events:
        if event == "start":
            if depth == 0:
                _check_root(element)
            depth += 1
            continue
        depth -= 1
        if element.tag == f"{ATOM}entry":
            yield element
            # Drop the finished element, and the emptied siblings before it.
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
            if progress is not None:
                progress(stream.tell())
        elif depth == 1 and element.tag == f"{ATOM}title":
            collected.title = (element.text or "").strip()
        elif depth == 1 and element.tag == f"{ATOM}updated":
            collected.updated = _instant(element, collected)


def _check_root(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise GreenButtonError("A document type declaration is not allowed.", line=1)
    if element.tag not in {f"{ATOM}feed", f"{ATOM}entry"}:
        name = etree.QName(element).localname
        raise GreenButtonError(
            "The file is not an Atom feed, as Green Button files are.",
            line=_line(element),
            element=name,
        )


def _collect(element: etree._Element, order: int, into: Collected) -> None:
    entry = _atom_part(element, order)
    for content in element.iterchildren(f"{ATOM}content"):
        for resource in content.iter(*(f"{ESPI}{name}" for name in _HANDLERS)):
            _HANDLERS[etree.QName(resource).localname](resource, entry, into)


def _atom_part(element: etree._Element, order: int) -> Entry:
    links: dict[str, list[str]] = {"self": [], "up": [], "related": []}
    for link in element.iterchildren(f"{ATOM}link"):
        href = str(link.get("href", "")).strip().rstrip("/")
        links.setdefault(str(link.get("rel", "")), []).append(href)
    return Entry(
        link=next(iter(links["self"]), ""),
        atom_id=(element.findtext(f"{ATOM}id") or "").strip(),
        up=next(iter(links["up"]), ""),
        related=tuple(links["related"]),
        title=(element.findtext(f"{ATOM}title") or "").strip(),
        line=_line(element),
        order=order,
    )


def _usage_point(element: etree._Element, entry: Entry, into: Collected) -> None:
    kind = _integer(element, "ServiceCategory/kind")
    point = UsagePoint(entry.link, _line(element), kind, title=entry.title)
    into.points.append(Item(entry, point))


def _meter_reading(element: etree._Element, entry: Entry, into: Collected) -> None:
    into.meter_readings.append(Item(entry, MeterReading(entry.link, _line(element))))


def _reading_type(element: etree._Element, entry: Entry, into: Collected) -> None:
    reading_type = ReadingType(
        line=_line(element),
        link=entry.link,
        commodity=_integer(element, "commodity"),
        uom=_integer(element, "uom"),
        power_of_ten=_integer(element, "powerOfTenMultiplier"),
        flow_direction=_integer(element, "flowDirection"),
        interval_length=_integer(element, "intervalLength"),
        accumulation=_integer(element, "accumulationBehaviour"),
        currency=_integer(element, "currency"),
        data_qualifier=_integer(element, "dataQualifier"),
        default_quality=_integer(element, "defaultQuality"),
    )
    into.reading_types.append(Item(entry, reading_type))


def _local_time(element: etree._Element, entry: Entry, into: Collected) -> None:
    local_time = LocalTime(
        line=_line(element),
        tz_offset=_required(element, "tzOffset"),
        dst_offset=_integer(element, "dstOffset") or 0,
        dst_start_rule=(element.findtext(f"{ESPI}dstStartRule") or "").strip().upper(),
        dst_end_rule=(element.findtext(f"{ESPI}dstEndRule") or "").strip().upper(),
    )
    into.local_times.append(Item(entry, local_time))


def _interval_block(element: etree._Element, entry: Entry, into: Collected) -> None:
    period = element.find(f"{ESPI}interval")
    readings = [_reading(item) for item in element.iterchildren(f"{ESPI}IntervalReading")]
    timed = tuple(reading for reading in readings if isinstance(reading, Reading))
    untimed = tuple(reading for reading in readings if isinstance(reading, Untimed))
    start = seconds = None
    if untimed:
        # The block's own period is checked only here; exporters get it wrong if it is not needed.
        if timed or period is None:
            raise GreenButtonError(
                "The reading has no timePeriod, "
                + ("but others in its block have one." if timed else "and its block no interval."),
                line=untimed[0].line,
                element="IntervalReading",
            )
        start, seconds = _start(period), _duration(period)
    into.blocks.append(Item(entry, Block(_line(element), start, seconds, timed, untimed)))


def _reading(element: etree._Element) -> Reading | Untimed:
    untimed = Untimed(
        value=_integer(element, "value"),
        cost=_integer(element, "cost"),
        qualities=tuple(
            _required(quality, "quality")
            for quality in element.iterchildren(f"{ESPI}ReadingQuality")
        ),
        line=_line(element),
    )
    period = element.find(f"{ESPI}timePeriod")
    return untimed if period is None else untimed.at(_start(period), _duration(period))


def _duration(period: etree._Element) -> int:
    seconds = _required(period, "duration")
    if not 0 <= seconds <= _LONGEST:
        raise GreenButtonError(
            f"A duration of {seconds} seconds is not valid.",
            line=_line(period),
            element="duration",
        )
    return seconds


def _start(period: etree._Element) -> datetime:
    """Read seconds since 1970; some exporters write fractions, kept to the microsecond."""
    text = (period.findtext(f"{ESPI}start") or "").strip()
    try:
        seconds = Decimal(text)
        start = _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except (InvalidOperation, OverflowError, ValueError):
        start = None
    if start is None or not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        raise GreenButtonError(
            f"{text[:40]!r} is not a time in seconds since 1970.",
            line=_line(period),
            element="start",
        )
    return start


_HANDLERS: dict[str, Callable[[etree._Element, Entry, Collected], None]] = {
    "UsagePoint": _usage_point,
    "MeterReading": _meter_reading,
    "ReadingType": _reading_type,
    "LocalTimeParameters": _local_time,
    "IntervalBlock": _interval_block,
}


def _line(element: etree._Element) -> int:
    return element.sourceline if isinstance(element.sourceline, int) else 0


def _child(element: etree._Element, path: str) -> etree._Element | None:
    return element.find("/".join(f"{ESPI}{step}" for step in path.split("/")))


def _integer(element: etree._Element, path: str) -> int | None:
    """Return a whole number, None for a missing or empty element."""
    child = _child(element, path)
    text = (child.text or "").strip() if child is not None else ""
    if child is None or not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise GreenButtonError(
            f"{text[:40]!r} is not a whole number.",
            line=_line(child),
            element=path.rpartition("/")[2],
        ) from None


def _required(element: etree._Element, name: str) -> int:
    value = _integer(element, name)
    if value is None:
        raise GreenButtonError(f"{name} is missing or empty.", line=_line(element), element=name)
    return value


def _instant(element: etree._Element, into: Collected) -> datetime | None:
    """Read `updated` of the feed: a time, a day (its start in UTC) or nothing."""
    text = (element.text or "").strip()
    if not text:
        into.warnings.append(f"line {_line(element)}: updated is empty; it counts as of now.")
        return None
    try:
        return parse_datetime(text)
    except TimeFormatError as error:
        try:
            day = parse_date(text)
        except TimeFormatError:
            raise GreenButtonError(str(error), line=_line(element), element="updated") from None
    into.warnings.append(f"line {_line(element)}: updated is a day; it counts from 0:00 UTC on.")
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
