"""Connects the resources of a feed by their links.

A block's `up` link is the meter reading's `self` link plus a path step, a meter reading's `related`
link is its reading type, and so on. Exporters omit links: if nothing is named and only one
candidate exists, it is taken. If a link names something absent, it is never replaced by a
candidate that other entries name correctly (docs/adr/0003).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from customerdata.sources.greenbutton.model import (
    Block,
    Feed,
    GreenButtonError,
    LocalTime,
    MeterReading,
    ReadingType,
    UsagePoint,
)
from customerdata.sources.greenbutton.stated import Told, matches

T = TypeVar("T")
P = TypeVar("P")

_WORDS = {"MeterReading": "meter reading", "UsagePoint": "usage point"}


@dataclass(frozen=True, slots=True)
class Entry:
    """The Atom part of a resource; `order` is its place in the file."""

    link: str
    atom_id: str
    up: str
    related: tuple[str, ...]
    title: str
    line: int
    order: int


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """A resource and the entry that contained it."""

    entry: Entry
    thing: T


@dataclass(slots=True)
class Collected:
    """All resources, in file order."""

    points: list[Item[UsagePoint]] = field(default_factory=list)
    meter_readings: list[Item[MeterReading]] = field(default_factory=list)
    reading_types: list[Item[ReadingType]] = field(default_factory=list)
    local_times: list[Item[LocalTime]] = field(default_factory=list)
    blocks: list[Item[Block]] = field(default_factory=list)
    title: str = ""
    updated: datetime | None = None
    warnings: list[str] = field(default_factory=list)


def join(found: Collected, told: Told) -> Feed:
    """Connect the resources; raises GreenButtonError if it is unclear what belongs together."""
    warnings = found.warnings
    points = _once(found.points, "UsagePoint", warnings)
    runs = _once(found.meter_readings, "MeterReading", warnings)
    types = _once(found.reading_types, "ReadingType", warnings)
    times = _once(found.local_times, "LocalTimeParameters", warnings)

    gone: dict[str, None] = {}

    def left_out(name: str) -> bool:
        told_so = any(matches(selector, name) for selector in told.leave_out)
        if told_so:
            gone[name] = None
        return told_so

    blocks = _Family(found.blocks, runs, "IntervalBlock", "MeterReading", told.in_order)
    orphans = blocks.orphans(left_out, warnings)
    runs = [*runs, *_implied_runs(orphans, blocks, warnings)]
    families = _Family(runs, points, "MeterReading", "UsagePoint", told.in_order)
    points = [*points, *_implied_points(families.orphans(left_out, warnings), families, warnings)]

    _name(runs)
    _name(points)
    for block, run in blocks.pairs():
        run.thing.blocks.append(block.thing)
    _attach_types(runs, types, told.in_order, warnings)
    for run, point in families.pairs():
        point.thing.meter_readings.append(run.thing)
    for point in points:
        point.thing.local_time = _local_time(point, times, warnings)
    return Feed(
        found.title, found.updated, tuple(p.thing for p in points), tuple(warnings), tuple(gone)
    )


class _Family(Generic[T, P]):
    """Children of one kind, and the parents that their links name."""

    def __init__(
        self,
        children: Sequence[Item[T]],
        parents: Sequence[Item[P]],
        word: str,
        parent_word: str,
        in_order: bool,
    ) -> None:
        self.children = children
        self.parents = parents
        self.word = word
        self.parent_word = parent_word
        self.in_order = in_order
        self.found: dict[int, Item[P]] = {}
        self._by_link = {parent.entry.link: parent for parent in parents if parent.entry.link}
        self._claims: dict[str, list[Item[P]]] = defaultdict(list)
        for parent in parents:
            for link in set(parent.entry.related):
                self._claims[link].append(parent)

    def pairs(self) -> Iterable[tuple[Item[T], Item[P]]]:
        """Yield the children that have a parent, in file order."""
        for child in self.children:
            parent = self.found.get(id(child))
            if parent is not None:
                yield child, parent

    def orphans(self, left_out: Callable[[str], bool], warnings: list[str]) -> list[Item[T]]:
        """Find the parents; return the children if the file has no parents of their kind at all.

        Raises GreenButtonError for a child of several possible parents or of an absent one.
        """
        lost: list[Item[T]] = []
        for child in self.children:
            parent = self._linked(child)
            if parent is not None:
                self.found[id(child)] = parent
            elif left_out(self.named_by(child)):
                name = self.named_by(child).rpartition("/")[2]
                warnings.append(
                    f"line {child.entry.line}: {self.word} of {name} was left out, as requested."
                )
            else:
                lost.append(child)
        if not self.parents:
            return lost
        stems = {stem for child in lost if (stem := self.named_by(child))}
        free = len(self.parents) == len(stems) == 1 and not self.found
        for child in lost:
            stem = self.named_by(child)
            if stem and not free:
                raise self._absent(child, stem)
            self.found[id(child)] = self.parents[0] if stem else self._only(child)
        warnings += [
            f"line {lost[0].entry.line}: the link names the {_WORDS[self.parent_word]} {stem}, "
            "which is not in the file; the only one in the file, which nothing else names, was "
            "used."
            for stem in stems
        ]
        return []

    def named_by(self, child: Item[T]) -> str:
        """Return the parent that the child's links name, empty if they name none."""
        entry = child.entry
        if entry.up:
            return entry.up.rpartition(f"/{self.word}")[0] or entry.up
        return entry.link.rpartition(f"/{self.word}")[0]

    def _linked(self, child: Item[T]) -> Item[P] | None:
        """Return the parent that a link names: the `up` link, the own link, or a parent's link."""
        entry = child.entry
        own = _upwards(entry.link)
        for link in (*_upwards(entry.up), *own[1:]):
            if link in self._by_link:
                return self._by_link[link]
        for link in (*own[:2], entry.up):
            named = self._claims.get(link, []) if link else []
            if len(named) > 1:
                raise GreenButtonError(
                    f"{len(named)} entries of the file refer to {link} in a related link.",
                    line=entry.line,
                    element=self.word,
                )
            if named:
                return named[0]
        return None

    def _only(self, child: Item[T]) -> Item[P]:
        if self.in_order:
            before = [p for p in self.parents if p.entry.order < child.entry.order]
            if before:
                return before[-1]
        if len(self.parents) == 1:
            return self.parents[0]
        raise GreenButtonError(
            f"No link says which of the {len(self.parents)} {_WORDS[self.parent_word]}s in the "
            "file this belongs to. If entries without links belong to the entries before them, "
            "use --in-order.",
            line=child.entry.line,
            element=self.word,
        )

    def _absent(self, child: Item[T], stem: str) -> GreenButtonError:
        return GreenButtonError(
            f"The link names the {_WORDS[self.parent_word]} {stem}, which is not in the file. If "
            f"it does not belong there, leave it out with --leave-out {stem.rpartition('/')[2]}.",
            line=child.entry.line,
            element=self.word,
        )


def _upwards(link: str) -> tuple[str, ...]:
    """Return the link and the two links above it."""
    if not link:
        return ()
    above = link.rpartition("/")[0]
    return tuple(part for part in (link, above, above.rpartition("/")[0]) if part)


def _once(items: Sequence[Item[T]], word: str, warnings: list[str]) -> list[Item[T]]:
    """Keep one of several equal copies of an entry; refuse different entries with one link."""
    first: dict[str, Item[T]] = {}
    kept = []
    for item in items:
        link = item.entry.link
        known = first.setdefault(link, item) if link else item
        if known is item:
            kept.append(item)
        elif _said(known) == _said(item):
            warnings.append(f"line {item.entry.line}: a second copy of {word} {link} was ignored.")
        else:
            raise GreenButtonError(
                f"Two different entries have the link {link}; the first one is in line "
                f"{known.entry.line}.",
                line=item.entry.line,
                element=word,
            )
    return kept


def _said(item: Item[Any]) -> tuple[Any, ...]:
    links = (item.entry.up, frozenset(item.entry.related))
    return (replace(item.thing, line=0), *(links if isinstance(item.thing, MeterReading) else ()))


def _implied_runs(
    orphans: Sequence[Item[Block]],
    blocks: _Family[Block, MeterReading],
    warnings: list[str],
) -> list[Item[MeterReading]]:
    """Create the meter readings that blocks name, for a file without any."""
    implied: dict[str, Item[MeterReading]] = {}
    for block in orphans:
        stem = blocks.named_by(block)
        if stem not in implied:
            entry = replace(block.entry, link=stem, atom_id="", up="", related=())
            implied[stem] = Item(entry, MeterReading(stem, block.entry.line))
        run = implied[stem]
        related = tuple(dict.fromkeys((*run.entry.related, *block.entry.related)))
        implied[stem] = Item(replace(run.entry, related=related), run.thing)
    if implied:
        names = ", ".join(name or "one without a link" for name in implied)
        warnings.append(f"The file has no MeterReading entry; its blocks are read as: {names}.")
    for block in orphans:
        blocks.found[id(block)] = implied[blocks.named_by(block)]
    return list(implied.values())


def _implied_points(
    orphans: Sequence[Item[MeterReading]],
    families: _Family[MeterReading, UsagePoint],
    warnings: list[str],
) -> list[Item[UsagePoint]]:
    """Create the usage points that meter readings name, for a file without any."""
    implied: dict[str, Item[UsagePoint]] = {}
    for run in orphans:
        stem = families.named_by(run)
        entry = replace(run.entry, link=stem, atom_id="", up="", related=(), title="")
        implied.setdefault(stem, Item(entry, UsagePoint(stem, run.entry.line, None)))
        families.found[id(run)] = implied[stem]
    if implied:
        names = ", ".join(name or "one without a link" for name in implied)
        warnings.append(f"The file has no UsagePoint entry; its readings are assigned to: {names}.")
    return list(implied.values())


def _name(items: Sequence[Item[Any]]) -> None:
    """Set the Atom ids of resources without a link, if the id is unique."""
    ids = Counter(item.entry.atom_id for item in items)
    for item in items:
        if not item.entry.link and ids[item.entry.atom_id] == 1:
            item.thing.atom_id = item.entry.atom_id


def _attach_types(
    runs: Sequence[Item[MeterReading]],
    types: Sequence[Item[ReadingType]],
    in_order: bool,
    warnings: list[str],
) -> None:
    by_link = {item.entry.link: item.thing for item in types if item.entry.link}
    missing: dict[str, list[MeterReading]] = defaultdict(list)
    claimed = False
    for position, run in enumerate(runs):
        named = list(dict.fromkeys(by_link[link] for link in run.entry.related if link in by_link))
        absent = [link for link in run.entry.related if "ReadingType" in link.split("/")]
        if len(named) > 1:
            raise GreenButtonError(
                "The meter reading names more than one reading type.",
                line=run.entry.line,
                element="MeterReading",
            )
        if named:
            run.thing.reading_type, claimed = named[0], True
        elif absent:
            missing[absent[0]].append(run.thing)
        else:
            after = runs[position + 1].entry.order if position + 1 < len(runs) else None
            run.thing.reading_type = _unnamed_type(run, after, types, in_order)
            claimed = claimed or run.thing.reading_type is not None
    free = len(types) == len(missing) == 1 and not claimed
    for link, unsure in missing.items():
        for thing in unsure:
            thing.reading_type = types[0].thing if free else None
            thing.missing_type = "" if free else link
        if free:
            warnings.append(
                f"line {unsure[0].line}: the link names the reading type {link}, which is not in "
                "the file; the only one in the file, which nothing else names, was used."
            )


def _unnamed_type(
    run: Item[MeterReading],
    next_run: int | None,
    types: Sequence[Item[ReadingType]],
    in_order: bool,
) -> ReadingType | None:
    if in_order and len(types) > 1:
        here = [
            item
            for item in types
            if item.entry.order > run.entry.order
            and (next_run is None or item.entry.order < next_run)
        ]
        if len(here) == 1:
            return here[0].thing
    if len(types) > 1:
        raise GreenButtonError(
            f"No link says which of the {len(types)} reading types in the file this has. If "
            "entries without links belong to the entries before them, use --in-order.",
            line=run.entry.line,
            element="MeterReading",
        )
    return types[0].thing if types else None


def _local_time(
    point: Item[UsagePoint], times: Sequence[Item[LocalTime]], warnings: list[str]
) -> LocalTime | None:
    """Return the point's time zone; it only sets month boundaries, so a doubt is a warning."""
    links = point.entry.related
    found = next((item.thing for item in times if item.entry.link in links), None)
    if found is not None or not times:
        return found
    absent = [link for link in links if "LocalTimeParameters" in link.split("/")]
    if len({replace(item.thing, line=0) for item in times}) > 1:
        warnings.append(
            f"line {point.entry.line}: no link says which of the {len(times)} time zones in the "
            "file the usage point has."
        )
        return None
    if absent:
        warnings.append(
            f"line {point.entry.line}: the link names the time zone {absent[0]}, which is not in "
            "the file; the only time zone in the file was used."
        )
    return times[0].thing
