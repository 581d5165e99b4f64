"""Maps that the 180th meridian cuts apart, poles and the whole world, as they are drawn."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from registration.validation.antimeridian import side_by_side
from registration.validation.geojson import draw_map

Ring = list[tuple[float, float]]


def box(west: float, south: float, east: float, north: float) -> Ring:
    """Return the ring of a rectangle."""
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


def extent(*rings: Ring) -> tuple[float, float]:
    """Return how far the areas reach as they are laid side by side."""
    outlines = side_by_side(rings)
    return min(each.west for each in outlines), max(each.east for each in outlines)


def picture(*rings: Ring) -> etree._Element:
    """Draw the areas."""
    document = {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}
    return etree.fromstring(draw_map(document, title="", description=""))


def paths(*rings: Ring) -> list[list[tuple[str, float, float]]]:
    """Return the steps of each path: begin at a point, or go on to it."""
    return [
        [
            (step, float(x), float(y))
            for step, x, y in re.findall(r"([ML])([-\d.]+) ([-\d.]+)", str(path.get("d")))
        ]
        for path in picture(*rings).iterfind("{*}path")
    ]


@pytest.mark.parametrize(
    ("rings", "west", "east"),
    [
        # As the standard wants it: two polygons that meet at the meridian.
        ([box(177, -19, 180, -16), box(-180, -19, -178, -16)], 177, 182),
        # As many files have it: one that jumps.
        ([[(177, -19), (-178, -19), (-178, -16), (177, -16), (177, -19)]], 177, 182),
        # With points on the meridian besides.
        ([[(177, 0), (180, 0), (-180, 0), (-178, 0), (-178, 1), (177, 1), (177, 0)]], 177, 182),
        # Islands on both sides, none of them across.
        ([box(172, 52, 173, 53), box(-178, 51, -177, 52), box(-150, 60, -141, 70)], 172, 219),
        ([box(-5, 50, 2, 58), box(3, 51, 7, 53)], -5, 7),
        ([box(-122.3, 37.8, -122.1, 37.9)], -122.3, -122.1),
        ([box(170, 0, 180, 1)], 170, 180),
        ([box(-180, -90, 180, 90)], -180, 180),
        ([box(-180, -90, 0, 90), box(0, -90, 180, 90)], -180, 180),
    ],
)
def test_areas_lie_side_by_side(rings, west, east):
    """What belongs together is drawn together, not at both ends of the world."""
    assert extent(*rings) == pytest.approx((west, east))


def test_a_hole_stays_in_its_area():
    """Each ring is moved for itself, and ends where its area does."""
    outer: Ring = [(177, -19), (-178, -19), (-178, -16), (177, -16), (177, -19)]
    hole: Ring = [(-179, -18), (-179, -17), (-178.5, -17), (-178.5, -18), (-179, -18)]
    _, inner = side_by_side([outer, hole])
    assert (inner.west, inner.east) == (181, 181.5)


@pytest.mark.parametrize(("latitude", "pole"), [(75, 90), (-75, -90)])
def test_an_area_around_a_pole(latitude, pole):
    """The flat map shows it as wide as the world, up to the pole."""
    (outline,) = side_by_side([[(lon, latitude) for lon in (0, 90, 180, -90, 0)]])
    assert (outline.west, outline.east) == (0, 360)
    assert {lat for _, lat in outline.area} == {latitude, pole}
    assert {lat for _, lat in outline.line} == {latitude}


def test_a_cut_of_the_map_is_no_border():
    """The parts touch, and no line is drawn where they do."""
    area, line = paths(box(177, -19, 180, -16), box(-180, -19, -178, -16))
    west, seam, east = sorted({x for _, x, _ in area})
    edges = {
        (before, after)
        for (_, before, _), (step, after, _) in pairwise(line)
        if step == "L" and before <= after
    }
    assert edges == {(west, west), (west, seam), (seam, east), (east, east)}


def test_a_border_at_the_meridian_is_drawn():
    """Nothing lies beyond it."""
    (both,) = paths(box(170, 0, 180, 5))
    assert len(both) == 5


def test_an_area_without_extent_is_a_dot():
    """A line of no length is drawn by its round end."""
    (dot,) = paths([(5, 5)] * 4)
    assert {(x, y) for _, x, y in dot} == {(20.0, 20.0)}


longitudes = st.floats(-180, 180).map(lambda value: round(value, 6))
latitudes = st.floats(-90, 90).map(lambda value: round(value, 6))
shapes = st.lists(st.tuples(longitudes, latitudes), min_size=3, max_size=8).map(
    lambda points: [*points, points[0]]
)


@given(st.lists(shapes, min_size=1, max_size=5))
def test_any_rings_can_be_drawn(rings):
    """Inside the picture, whatever they are."""
    root = picture(*rings)
    width, height = (float(str(root.get(name))) for name in ("width", "height"))
    for _, x, y in (step for path in paths(*rings) for step in path):
        assert 0 <= x <= width
        assert 0 <= y <= height


@given(st.lists(shapes, min_size=1, max_size=5))
def test_rings_move_by_whole_turns(rings):
    """Every point stays where it is on the globe."""
    for ring, outline in zip(rings, side_by_side(rings), strict=True):
        for before, after in zip(ring, outline.line, strict=True):
            assert abs((after[0] - before[0] + 180) % 360 - 180) < 1e-6
            assert after[1] == before[1]
