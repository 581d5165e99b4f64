"""Streaming reader of ESPI/Atom files.

Entries are read one at a time and dropped, so memory grows with the readings, not with the XML.
Resources find each other by their links: a block's `up` link is the meter reading's `self` link
plus a path step, a meter reading's `related` link is its reading type, and so on. Exporters get
these links wrong now and then; where a feed has exactly one candidate, that one is taken.
Entity declarations and external references are refused: no utility file needs them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO, TypeVar

from lxml import etree

from customerdata.sources.greenbutton.model import (
    Feed,
    GreenButtonError,
    LocalTime,
    MeterReading,
    Reading,
    ReadingType,
    UsagePoint,
)
from portal.times import parse_datetime

ATOM = "{http://www.w3.org/2005/Atom}"
ESPI = "{http://naesb.org/espi}"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
T = TypeVar("T")


@dataclass(slots=True)
class _Entry:
    """Atom's part of a resource."""

    own: str
    up: str
    related: tuple[str, ...]
    title: str
    line: int


@dataclass(slots=True)
class _Collected:
    """Resources by their own link, in the order of the file."""

    points: dict[str, UsagePoint] = field(default_factory=dict)
    point_of_up: dict[str, str] = field(default_factory=dict)
    meter_readings: dict[str, MeterReading] = field(default_factory=dict)
    up_of: dict[str, str] = field(default_factory=dict)
    reading_types: dict[str, ReadingType] = field(default_factory=dict)
    local_times: dict[str, LocalTime] = field(default_factory=dict)
    blocks: list[tuple[str, int, list[Reading]]] = field(default_factory=list)
    title: str = ""
    updated: datetime | None = None


def read_file(path: Path, *, progress: Callable[[int], None] | None = None) -> Feed:
    """Read a file; `progress` is told how many bytes were read. Raises GreenButtonError."""
    with path.open("rb") as stream:
        return read(stream, progress=progress)


def read(stream: IO[bytes], *, progress: Callable[[int], None] | None = None) -> Feed:
    """Read a stream of ESPI/Atom XML; raises GreenButtonError with line and element."""
    collected = _Collected()
    with _xml_errors():
        for entry in _entries(stream, collected, progress):
            _collect(entry, collected)
    if not (collected.points or collected.meter_readings or collected.blocks):
        raise GreenButtonError("The file holds no UsagePoint: it is not a Green Button usage file.")
    return _assemble(collected)


@contextmanager
def _xml_errors() -> Iterator[None]:
    try:
        yield
    except etree.XMLSyntaxError as error:
        line = error.lineno or None
        raise GreenButtonError(f"The XML is broken: {error.msg}", line=line) from error


def _entries(
    stream: IO[bytes], collected: _Collected, progress: Callable[[int], None] | None
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
            # Drop what was read, and the emptied siblings before it.
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
            if progress is not None:
                progress(stream.tell())
        elif depth == 1 and element.tag == f"{ATOM}title":
            collected.title = (element.text or "").strip()
        elif depth == 1 and element.tag == f"{ATOM}updated":
            collected.updated = _instant(element)


def _check_root(element: etree._Element) -> None:
    if element.getroottree().docinfo.internalDTD is not None:
        raise GreenButtonError("A document type declaration is not allowed.", line=1)
    if element.tag not in {f"{ATOM}feed", f"{ATOM}entry"}:
        name = etree.QName(element).localname
        raise GreenButtonError(
            "The file is not an Atom feed, which Green Button files are.",
            line=_line(element),
            element=name,
        )


def _collect(element: etree._Element, into: _Collected) -> None:
    entry = _atom_part(element)
    for content in element.iterchildren(f"{ATOM}content"):
        for resource in content.iter(*(f"{ESPI}{name}" for name in _HANDLERS)):
            _HANDLERS[etree.QName(resource).localname](resource, entry, into)


def _atom_part(element: etree._Element) -> _Entry:
    links: dict[str, list[str]] = {"self": [], "up": [], "related": []}
    for link in element.iterchildren(f"{ATOM}link"):
        links.setdefault(str(link.get("rel", "")), []).append(str(link.get("href", "")).rstrip("/"))
    return _Entry(
        own=next(iter(links["self"]), f"#{_line(element)}"),
        up=next(iter(links["up"]), ""),
        related=tuple(links["related"]),
        title=(element.findtext(f"{ATOM}title") or "").strip(),
        line=_line(element),
    )


def _usage_point(element: etree._Element, entry: _Entry, into: _Collected) -> None:
    kind = _integer(element, "ServiceCategory/kind")
    into.points[entry.own] = UsagePoint(
        entry.own, _line(element), kind, title=entry.title, related=entry.related
    )


def _meter_reading(element: etree._Element, entry: _Entry, into: _Collected) -> None:
    into.meter_readings[entry.own] = MeterReading(
        entry.own, _line(element), title=entry.title, related=entry.related
    )
    into.up_of[entry.own] = entry.up


def _reading_type(element: etree._Element, entry: _Entry, into: _Collected) -> None:
    into.reading_types[entry.own] = ReadingType(
        line=_line(element),
        commodity=_integer(element, "commodity"),
        uom=_integer(element, "uom"),
        power_of_ten=_integer(element, "powerOfTenMultiplier"),
        flow_direction=_integer(element, "flowDirection"),
        interval_length=_integer(element, "intervalLength"),
        accumulation=_integer(element, "accumulationBehaviour"),
        currency=_integer(element, "currency"),
        data_qualifier=_integer(element, "dataQualifier"),
    )


def _local_time(element: etree._Element, entry: _Entry, into: _Collected) -> None:
    into.local_times[entry.own] = LocalTime(
        line=_line(element),
        tz_offset=_required(element, "tzOffset"),
        dst_offset=_integer(element, "dstOffset") or 0,
        dst_start_rule=(element.findtext(f"{ESPI}dstStartRule") or "").strip().upper(),
        dst_end_rule=(element.findtext(f"{ESPI}dstEndRule") or "").strip().upper(),
    )


def _interval_block(element: etree._Element, entry: _Entry, into: _Collected) -> None:
    readings = [_reading(item) for item in element.iterchildren(f"{ESPI}IntervalReading")]
    into.blocks.append((entry.up, _line(element), readings))


def _reading(element: etree._Element) -> Reading:
    period = element.find(f"{ESPI}timePeriod")
    if period is None:
        raise GreenButtonError(
            "The reading has no timePeriod.", line=_line(element), element="IntervalReading"
        )
    seconds = _required(period, "duration")
    if seconds <= 0:
        raise GreenButtonError(
            f"A duration of {seconds} seconds is not possible.",
            line=_line(period),
            element="duration",
        )
    return Reading(
        start=_start(period),
        seconds=seconds,
        value=_integer(element, "value"),
        cost=_integer(element, "cost"),
        qualities=tuple(
            _required(quality, "quality")
            for quality in element.iterchildren(f"{ESPI}ReadingQuality")
        ),
        line=_line(element),
    )


def _start(period: etree._Element) -> datetime:
    """Read seconds since 1970; some exporters write fractions, kept to the microsecond."""
    text = (period.findtext(f"{ESPI}start") or "").strip()
    try:
        seconds = Decimal(text)
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except (InvalidOperation, OverflowError, ValueError):
        raise GreenButtonError(
            f"{text!r} is not a time in seconds since 1970.", line=_line(period), element="start"
        ) from None


_HANDLERS: dict[str, Callable[[etree._Element, _Entry, _Collected], None]] = {
    "UsagePoint": _usage_point,
    "MeterReading": _meter_reading,
    "ReadingType": _reading_type,
    "LocalTimeParameters": _local_time,
    "IntervalBlock": _interval_block,
}


def _assemble(collected: _Collected) -> Feed:
    for up, line, readings in collected.blocks:
        target = _parent(up, collected.meter_readings)
        if target is None:
            raise GreenButtonError(
                f"The block belongs to no MeterReading of the file (its up link is {up!r}).",
                line=line,
                element="IntervalBlock",
            )
        target.readings.extend(readings)
    for href, meter_reading in collected.meter_readings.items():
        meter_reading.reading_type = _related(meter_reading.related, collected.reading_types)
        point = _parent(collected.up_of[href], collected.points)
        if point is None:
            raise GreenButtonError(
                "The meter reading belongs to no UsagePoint of the file.",
                line=meter_reading.line,
                element="MeterReading",
            )
        point.meter_readings.append(meter_reading)
    for point in collected.points.values():
        point.local_time = _related(point.related, collected.local_times)
    return Feed(collected.title, collected.updated, tuple(collected.points.values()))


def _parent(up: str, candidates: dict[str, T]) -> T | None:
    """Return whose `self` link is the `up` link less its last step; the only one if none fits."""
    found = candidates.get(up) or candidates.get(up.rpartition("/")[0])
    return found or _only(candidates)


def _related(links: tuple[str, ...], candidates: dict[str, T]) -> T | None:
    for link in links:
        if link in candidates:
            return candidates[link]
    return _only(candidates)


def _only(candidates: dict[str, T]) -> T | None:
    return next(iter(candidates.values())) if len(candidates) == 1 else None


def _line(element: etree._Element) -> int:
    return element.sourceline if isinstance(element.sourceline, int) else 0


def _child(element: etree._Element, path: str) -> etree._Element | None:
    return element.find("/".join(f"{ESPI}{step}" for step in path.split("/")))


def _integer(element: etree._Element, path: str) -> int | None:
    """Return a whole number; None for an absent or empty element."""
    child = _child(element, path)
    text = (child.text or "").strip() if child is not None else ""
    if child is None or not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise GreenButtonError(
            f"{text!r} is not a whole number.", line=_line(child), element=path.rpartition("/")[2]
        ) from None


def _required(element: etree._Element, name: str) -> int:
    value = _integer(element, name)
    if value is None:
        raise GreenButtonError(f"{name} is missing or empty.", line=_line(element), element=name)
    return value


def _instant(element: etree._Element) -> datetime:
    text = (element.text or "").strip()
    try:
        return parse_datetime(text)
    except ValueError as error:
        raise GreenButtonError(str(error), line=_line(element), element="updated") from None
