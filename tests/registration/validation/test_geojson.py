"""Maps: which GeoJSON is understood, and that the picture shows it."""

import pytest
from lxml import etree

from registration.validation.geojson import GeoJsonError, draw_map, rings_of
from tests.factories.registration import AREA

RING = AREA["coordinates"][0]


def test_all_polygon_shapes_are_read():
    """Features and collections nest; a hole is a ring as well."""
    hole = [[-122.2, 37.8], [-122.0, 37.8], [-122.0, 38.0], [-122.2, 37.8]]
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [RING, hole]}},
            {"type": "Feature", "geometry": None},
            {
                "type": "Feature",
                "geometry": {
                    "type": "GeometryCollection",
                    "geometries": [{"type": "MultiPolygon", "coordinates": [[RING], [RING]]}],
                },
            },
        ],
    }
    assert [len(ring) for ring in rings_of(document)] == [5, 4, 5, 5]


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"type": "Point", "coordinates": [0, 0]},
        {"type": "Polygon", "coordinates": "x"},
        {"type": "Polygon", "coordinates": [RING[:-1]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0], [1], [2], [0]]]},
        {"type": "Polygon", "coordinates": [[["a", 0], [1, 1], [2, 2], ["a", 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 91], [1, 1], [2, 2], [0, 91]]]},
        {"type": "MultiPolygon", "coordinates": [7]},
    ],
)
def test_what_is_no_area_in_wgs_84_is_refused(document):
    """Before it is stored, with the rule in words."""
    with pytest.raises(GeoJsonError):
        rings_of(document)


def test_the_picture_is_well_formed_and_shows_every_ring():
    """Names are escaped; north is up."""
    picture = draw_map(AREA, title='A "b" <c>', description="x & y")
    root = etree.fromstring(picture)
    assert root.findtext("{*}title") == 'A "b" <c>'
    (path,) = (str(element.get("d")) for element in root.iterfind("{*}path"))
    assert path.count("M") == path.count("Z") == 1
    first, third = path[1:].split(" L")[0], path.split(" L")[2]
    assert float(first.split()[1]) > float(third.split()[1])


def test_a_map_without_area_is_refused():
    """There is nothing to draw."""
    with pytest.raises(GeoJsonError):
        draw_map({"type": "FeatureCollection", "features": []}, title="", description="")
