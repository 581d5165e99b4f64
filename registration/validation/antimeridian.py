"""Joins areas that are cut by the 180th meridian (RFC 7946 3.1.9).

Longitudes jump there from 180 to -180. A picture has to continue instead, so that an area on both
sides is drawn as one, whether a file cuts its polygons at the meridian, as it should, or lets them
jump.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, copysign

Ring = list[tuple[float, float]]

_TURN = 360.0
# In degrees: a tenth of a millimeter.
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Outline:
    """A ring as it is drawn: the area to fill, and the line around it.

    They differ for an area around a pole, which a flat map shows as wide as the world: the line is
    open, and the area extends from it to the edge of the map.
    """

    area: Ring
    line: Ring

    @property
    def west(self) -> float:
        """The lowest longitude."""
        return min(longitude for longitude, _ in self.area)

    @property
    def east(self) -> float:
        """The highest longitude."""
        return max(longitude for longitude, _ in self.area)

    def moved(self, degrees: float) -> "Outline":
        """Return the outline shifted to the east."""
        return Outline(_moved(self.area, degrees), _moved(self.line, degrees))


def _moved(ring: Ring, degrees: float) -> Ring:
    return [(longitude + degrees, latitude) for longitude, latitude in ring]


def side_by_side(rings: Sequence[Ring]) -> list[Outline]:
    """Return rings with longitudes that continue past 180 degrees, from the widest gap on."""
    outlines = [_unrolled(ring) for ring in rings]
    if not outlines:
        return []
    start = _west_end(outlines)
    return [each.moved(_TURN * ceil((start - each.west) / _TURN - _NOTHING)) for each in outlines]


def is_cut(outlines: Sequence[Outline]) -> bool:
    """Whether areas lie on both sides of the meridian, so that edges along it are not borders."""
    return any(_is_on_meridian(each.west) for each in outlines) and any(
        _is_on_meridian(each.east) for each in outlines
    )


def is_seam(one: tuple[float, float], other: tuple[float, float], *, cut: bool) -> bool:
    """Whether an edge is not a border but the edge of the flat map: at a pole or the meridian."""
    is_at_pole = one[1] == other[1] and abs(one[1]) == 90
    return is_at_pole or (cut and _is_on_meridian(one[0]) and _is_on_meridian(other[0]))


def _is_on_meridian(longitude: float) -> bool:
    return abs(longitude % _TURN - 180) < _NOTHING


def _unrolled(ring: Ring) -> Outline:
    """Follow a ring across the meridian: an edge takes the short way around the world."""
    line, turns = [ring[0]], 0
    for before, after in pairwise(ring):
        turns -= round((after[0] - before[0]) / _TURN)
        line.append((after[0] + turns * _TURN, after[1]))
    if len({longitude for longitude, _ in line}) == 1:
        # From -180 to 180 means the whole world.
        return Outline(ring, ring)
    if not turns:
        return Outline(line, line)
    pole = copysign(90, sum(latitude for _, latitude in line))
    return Outline([*line, (line[-1][0], pole), (line[0][0], pole), line[0]], line)


def _west_end(outlines: Sequence[Outline]) -> float:
    """Return the longitude where the widest gap between areas ends, or -180 if there is no gap."""
    spans = sorted((each.west % _TURN, each.east - each.west, each.west) for each in outlines)
    widest, start = _NOTHING, -180.0
    reached = max(west + width for west, width, _ in spans) - _TURN
    for west, width, begin in spans:
        if west - reached > widest:
            widest, start = west - reached, begin
        reached = max(reached, west + width)
    return start
