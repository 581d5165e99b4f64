"""The channels of a file: their names, the known facts about each, and their readings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from customerdata.sources.greenbutton.mapping import Described, Measure, measure
from customerdata.sources.greenbutton.model import (
    Feed,
    GreenButtonError,
    MeterReading,
    Reading,
    UsagePoint,
)
from customerdata.sources.greenbutton.periods import readings_of
from customerdata.sources.greenbutton.registers import amounts
from customerdata.sources.greenbutton.stated import Told, any_matches

# Facts that an option can state for the whole file, as long as only one channel lacks them.
_OF_ONE = ("unit", "power_of_ten", "demand_type", "registers")


@dataclass(frozen=True, slots=True)
class Channel:
    """A meter reading to store; `name` is the end of its link, as options name it."""

    name: str
    point: UsagePoint
    run: MeterReading
    measure: Measure
    readings: list[Reading]


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    point: UsagePoint
    run: MeterReading

    @property
    def names(self) -> tuple[str, ...]:
        """All texts whose end an option can give, the channel's own name first."""
        reading_type = self.run.reading_type
        links = (
            self.run.name,
            reading_type.link if reading_type else self.run.missing_type,
            self.point.name,
        )
        return (self.name, *(link for link in links if link))


def channels(feed: Feed, told: Told, warnings: list[str]) -> list[Channel]:
    """Return the channels of a file that are to be stored and have readings.

    Raises GreenButtonError with all open questions, before any part of the file is stored.
    """
    every = list(_named(feed))
    _check_selectors(every, feed.left_out, told)
    kept = []
    for channel in every:
        if any(any_matches(selector, channel.names) for selector in told.leave_out):
            warnings.append(f"line {channel.run.line}: {channel.name} was left out, as requested.")
        else:
            kept.append(channel)
    described = [
        Described(
            c.name, c.run.reading_type, c.point.service_kind, told=told, facts=told.about(c.names)
        )
        for c in kept
    ]
    _check_general(described, told)
    found, problems = [], []
    for channel, about in zip(kept, described, strict=True):
        try:
            found.append(_channel(channel, about, warnings))
        except GreenButtonError as error:
            problems.append(error)
    if problems:
        raise _together(problems)
    return [channel for channel in found if channel.readings]


def told_by_feed(feeds: Sequence[Feed], told: Told) -> list[Told]:
    """Return, for each feed of a file, what the operator states about it.

    An option does not have to match something in every feed. An option that matches nothing in
    any feed stays in all of them, so that it is refused.
    """
    meant = [{s for s in told.selectors() if _means(s, feed)} for feed in feeds]
    anywhere = set().union(*meant)
    return [
        replace(
            told,
            named={s: facts for s, facts in told.named.items() if s not in anywhere - own},
            leave_out=tuple(s for s in told.leave_out if s not in anywhere - own),
        )
        for own in meant
    ]


def _means(selector: str, feed: Feed) -> bool:
    named = any(any_matches(selector, channel.names) for channel in _named(feed))
    return named or any_matches(selector, feed.left_out)


def _channel(channel: _Named, about: Described, warnings: list[str]) -> Channel:
    if channel.run.missing_type and about.facts.unit is None:
        raise GreenButtonError(
            f"{channel.name} names the reading type {channel.run.missing_type}, which is not in "
            f"the file. State its unit with --unit {channel.name}=UNIT, or leave it out with "
            f"--leave-out {channel.name}.",
            line=channel.run.line,
            element="MeterReading",
        )
    meaning = measure(about, warnings)
    readings = readings_of(channel.run, warnings)
    if not readings:
        warnings.append(f"line {channel.run.line}: {channel.name} has no readings.")
    readings = amounts(
        readings,
        about.states("accumulation"),
        about.facts.registers or about.told.registers,
        channel.name,
        warnings,
        is_net=meaning.is_net,
    )
    values = [reading.value for reading in readings if reading.value]
    if meaning.is_reverse and min(values, default=0) < 0 < max(values, default=0):
        warnings.append(
            f"line {channel.run.line}: {channel.name} counts what flows to the grid with both "
            "signs; all of these values are stored as negative numbers."
        )
    return Channel(channel.name, channel.point, channel.run, meaning, readings)


def _named(feed: Feed) -> Iterator[_Named]:
    """Name each channel by the last steps of its link, as few as distinguish it from the others."""
    pairs = [(point, run) for point in feed.points for run in point.meter_readings]
    links = [run.name for _, run in pairs]
    for number, (point, run) in enumerate(pairs, start=1):
        yield _Named(_shortest(run.name, links) if run.name else f"#{number}", point, run)


def _shortest(link: str, links: Sequence[str]) -> str:
    steps = link.split("/")
    for count in range(1, len(steps)):
        tail = "/".join(steps[-count:])
        if sum(other == tail or other.endswith(f"/{tail}") for other in links) == 1:
            return tail
    return link


def _check_selectors(every: Sequence[_Named], gone: Sequence[str], told: Told) -> None:
    """Refuse options that match nothing, because a typo must not change what is stored."""
    for selector in told.selectors():
        known = any(any_matches(selector, channel.names) for channel in every)
        if not known and not any_matches(selector, gone):
            names = ", ".join(channel.name for channel in every) or "none"
            raise GreenButtonError(
                f"No channel of the file is called {selector}. The channels are: {names}."
            )


def _check_general(described: Sequence[Described], told: Told) -> None:
    """Refuse an option without a name if it would apply to several channels."""
    for fact in _OF_ONE:
        value = getattr(told, fact)
        if value is None:
            continue
        open_: dict[int, Described] = {}
        for about in described:
            if about.lacks(fact) and getattr(about.facts, fact) is None:
                open_.setdefault(id(about.reading_type or about), about)
        if len(open_) > 1:
            option = f"--{fact.replace('_', '-')}"
            names = ", ".join(about.name for about in open_.values())
            first = next(iter(open_.values()))
            raise GreenButtonError(
                f"{option} {value} would apply to several channels: {names}. Name the one that is "
                f"meant, for example {option} {first.name}={value}.",
                line=first.line,
                element="ReadingType",
            )


def _together(problems: Sequence[GreenButtonError]) -> GreenButtonError:
    if len(problems) == 1:
        return problems[0]
    return GreenButtonError(" ".join(problem.message for problem in problems))
