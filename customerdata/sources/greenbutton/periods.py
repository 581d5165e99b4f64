"""The times of readings: periods that a file omits, writes one second short, or repeats."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from customerdata.sources.greenbutton.model import Block, GreenButtonError, MeterReading, Reading

_HALF_A_DAY = 12 * 3600


def readings_of(run: MeterReading, warnings: list[str]) -> list[Reading]:
    """Return the readings of a channel in order of time, each with its actual period.

    Raises GreenButtonError for readings whose period the file does not state.
    """
    length = run.reading_type.interval_length if run.reading_type else None
    timed = [
        reading for block in run.blocks for reading in (*block.readings, *_placed(block, length))
    ]
    timed.sort(key=lambda reading: (reading.start, reading.line))
    timed = _without_copies(timed, warnings)
    timed = _with_lengths(timed, length, warnings)
    return _to_the_full_second(timed, warnings)


def end(reading: Reading) -> datetime:
    """Return the instant at which a reading's period ends."""
    return reading.start + timedelta(seconds=reading.seconds)


def twice_the_hour(readings: Sequence[Reading], zone: str) -> Iterator[str]:
    """Warn about readings that may count both hours of the night on which clocks go back.

    Some exporters add the repeated hour to the one before, giving one reading instead of two.
    """
    tz = ZoneInfo(zone)
    for before, after in pairwise(reading for reading in readings if reading.seconds < _HALF_A_DAY):
        # Compared without the zone, because the wall clock shows the same hour twice.
        wall = [at.astimezone(tz).replace(tzinfo=None) for at in (before.start, after.start)]
        gone_back = (after.start - before.start) - (wall[1] - wall[0])
        missing = gone_back == after.start - end(before)
        if gone_back > timedelta() and (missing or before.seconds == 2 * after.seconds):
            both = max(before, after, key=lambda reading: reading.value or 0)
            yield (
                f"line {both.line}: on the night when clocks go back, the repeated hour has no "
                f"reading; the {both.value} from "
                f"{both.start.astimezone(UTC):%Y-%m-%d %H:%M} UTC on may count both hours. It is "
                "kept as the file states it."
            )


def _placed(block: Block, length: int | None) -> Iterator[Reading]:
    """Yield the readings without a period: one per `intervalLength`, from the block's start."""
    if not block.untimed:
        return
    assert block.start is not None  # noqa: S101 -- the parser refuses such blocks
    if not length or length * len(block.untimed) != block.seconds:
        raise GreenButtonError(
            f"The {len(block.untimed)} readings have no timePeriod, and the reading type's "
            f"intervalLength ({length or 'not stated'}) does not fill the block's "
            f"{block.seconds} seconds with them.",
            line=block.line,
            element="IntervalBlock",
        )
    for position, reading in enumerate(block.untimed):
        yield reading.at(block.start + timedelta(seconds=length * position), length)


def _with_lengths(
    readings: Sequence[Reading], length: int | None, warnings: list[str]
) -> list[Reading]:
    """Give readings of 0 seconds the length that the reading type states.

    Exporters that subtract wall clock times write 0 for the hour in which clocks go back, and some
    then give the next hour the same start; both are kept.
    """
    empty = [reading for reading in readings if not reading.seconds]
    if empty and not length:
        raise GreenButtonError(
            "A duration of 0 seconds is not valid, and the reading type states no intervalLength.",
            line=empty[0].line,
            element="duration",
        )
    for reading in empty:
        begin = f"{reading.start:%Y-%m-%d %H:%M} UTC"
        warnings.append(
            f"line {reading.line}: the duration of the {reading.value} from {begin} is 0; the "
            f"reading type's intervalLength of {length} s was used."
        )
    return [
        reading if reading.seconds else replace(reading, seconds=length or 0)
        for reading in readings
    ]


def _to_the_full_second(readings: Sequence[Reading], warnings: list[str]) -> list[Reading]:
    """Lengthen periods that end at the last second of a minute instead of at the full minute.

    Such a file says 899 for a quarter of an hour. No reading may start in that second.
    """
    starts = {reading.start for reading in readings}
    short = {reading.seconds for reading in readings if reading.seconds % 60 == 59}
    exact = {r.seconds for r in readings if r.seconds in short and end(r) in starts}
    short -= exact
    if short:
        lengths = ", ".join(f"{seconds}" for seconds in sorted(short))
        warnings.append(
            f"line {readings[0].line}: durations of {lengths} s end a second before the full "
            "minute; they were lengthened by one second."
        )
    return [
        replace(reading, seconds=reading.seconds + 1) if reading.seconds in short else reading
        for reading in readings
    ]


def _without_copies(readings: Iterable[Reading], warnings: list[str]) -> list[Reading]:
    """Keep one of each set of readings that the file repeats, in any order, even a second off."""
    first: dict[Reading, Reading] = {}
    copies = []
    for reading in readings:
        plain = replace(
            reading,
            line=0,
            seconds=reading.seconds + (reading.seconds % 60 == 59),
            qualities=tuple(sorted(reading.qualities)),
        )
        if first.setdefault(plain, reading) is not reading:
            copies.append(reading)
    if copies:
        warnings.append(
            f"line {copies[0].line}: {len(copies)} readings are copies of others in the file, with "
            "the same time, value and quality; they were ignored."
        )
    return list(first.values())
