"""Parses GeoJSON (RFC 7946) and draws it as a map, without a map library."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, radians
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from registration.validation.antimeridian import Outline, Ring, is_cut, is_seam, side_by_side

_WIDTH = 800.0
_MARGIN = 20.0
_MAX_DEPTH = 8
# Ten thousand positions are enough for the border of a state; the file is served to anyone.
MAX_BYTES = 5_000_000
MAX_POSITIONS = 100_000
# The old way to specify WGS 84, which some exporters still write; RFC 7946 4 removed it.
_WGS_84 = frozenset({"urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84"})


class GeoJsonError(ValueError):
    """The object is not GeoJSON with positions in WGS 84."""


def parse_geojson(raw: bytes) -> dict[str, Any]:
    """Return an uploaded file as a checked document. Raises GeoJsonError."""
    if len(raw) > MAX_BYTES:
        raise GeoJsonError(f"the file is larger than {MAX_BYTES} bytes; simplify its outlines")
    try:
        document = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise GeoJsonError(f"the file is not JSON: {error}") from error
    check_area(document)
    checked: dict[str, Any] = document
    return checked


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def check_area(document: object, *, most: int = MAX_POSITIONS) -> None:
    """Raise GeoJsonError unless the document holds an area in WGS 84 (RFC 7946 4).

    It can have at most `most` positions, because anyone can fetch the map.
    """
    positions = sum(len(ring) for ring in rings_of(document))
    if not positions:
        raise GeoJsonError("the map has no area")
    if positions > most:
        raise GeoJsonError(f"the map has more than {most} positions; simplify its outlines")


def _check_system(document: Mapping[str, Any]) -> None:
    """Reject other coordinate systems, whose numbers may look like degrees."""
    if "crs" not in document:
        return
    crs = document["crs"]
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = properties.get("name") if isinstance(properties, Mapping) else None
    if name not in _WGS_84:
        raise GeoJsonError("the coordinate system must be WGS 84; leave crs out (RFC 7946 4)")


def rings_of(document: object, depth: int = 0) -> list[Ring]:
    """Return all polygon rings, (longitude, latitude) in degrees. Raises GeoJsonError."""
    if not isinstance(document, Mapping) or depth > _MAX_DEPTH:
        raise GeoJsonError("GeoJSON must be an object, and not nested deeply")
    _check_system(document)
    kind = document.get("type")
    if kind == "FeatureCollection":
        return [ring for item in _list(document, "features") for ring in rings_of(item, depth + 1)]
    if kind == "Feature":
        geometry = document.get("geometry")
        return [] if geometry is None else rings_of(geometry, depth + 1)
    if kind == "GeometryCollection":
        parts = _list(document, "geometries")
        return [ring for item in parts for ring in rings_of(item, depth + 1)]
    if kind == "Polygon":
        return list(_rings(_list(document, "coordinates")))
    if kind == "MultiPolygon":
        return [ring for part in _list(document, "coordinates") for ring in _rings(part)]
    raise GeoJsonError(f"a coverage map must contain polygons, not {kind!r}")


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    if not isinstance(value, list):
        raise GeoJsonError(f"{name} must be an array")
    return value


def _rings(polygon: object) -> Iterator[Ring]:
    if not isinstance(polygon, list):
        raise GeoJsonError("a polygon must be an array of rings")
    for ring in polygon:
        if not isinstance(ring, list) or len(ring) < 4 or ring[0] != ring[-1]:
            raise GeoJsonError("a ring must be closed and have at least four positions")
        yield [_position(item) for item in ring]


def _position(item: object) -> tuple[float, float]:
    if not isinstance(item, list | tuple) or len(item) < 2:
        raise GeoJsonError("a position must be an array of longitude and latitude")
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in item):
        raise GeoJsonError("the longitude and latitude of a position must be numbers")
    longitude, latitude = item[0], item[1]
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise GeoJsonError("positions must be degrees of WGS 84 (RFC 7946 4)")
    return float(longitude), float(latitude)


@dataclass(frozen=True, slots=True)
class _Frame:
    """Maps degrees to the picture: an equirectangular projection true at the middle latitude."""

    west: float
    north: float
    stretch: float
    scale: float

    def point(self, position: tuple[float, float]) -> str:
        x = (position[0] - self.west) * self.stretch * self.scale + _MARGIN
        y = (self.north - position[1]) * self.scale + _MARGIN
        return f"{x:.1f} {y:.1f}"


def draw_map(document: object, *, title: str, description: str) -> bytes:
    """Return an SVG picture of the polygons. Raises GeoJsonError."""
    outlines = side_by_side(rings_of(document))
    points = [point for outline in outlines for point in outline.area]
    if not points:
        raise GeoJsonError("the map has no area")
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    stretch = max(cos(radians((south + north) / 2)), 0.01)
    span = max((east - west) * stretch, north - south, 1e-9)
    frame = _Frame(west, north, stretch, (_WIDTH - 2 * _MARGIN) / span)
    height = (north - south) * frame.scale + 2 * _MARGIN
    width = (east - west) * stretch * frame.scale + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(title)} '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        f'<rect width="100%" height="100%" fill="#f4f6f8"/>{_paths(outlines, frame)}</svg>'
    ).encode()


def _paths(outlines: Sequence[Outline], frame: _Frame) -> str:
    """Return the paths of the filled areas and of the lines around them."""
    area = " ".join(_closed(outline.area, frame) for outline in outlines)
    cut = is_cut(outlines)
    line = " ".join(_stroke(outline.line, frame, cut=cut) for outline in outlines)
    fill = 'fill="#7fa8cf" fill-opacity="0.6" fill-rule="evenodd"'
    # An area without extent is drawn as a dot.
    stroke = 'stroke="#1d4f7c" stroke-width="2" stroke-linejoin="round" stroke-linecap="round"'
    if area == line:
        return f'<path d="{area}" {fill} {stroke}/>'
    return f'<path d="{area}" {fill}/><path d="{line}" fill="none" {stroke}/>'


def _closed(ring: Ring, frame: _Frame) -> str:
    return "M" + " L".join(frame.point(point) for point in ring) + " Z"


def _stroke(line: Ring, frame: _Frame, *, cut: bool) -> str:
    """Return the line without the edges where only the map was cut."""
    drawn = [not is_seam(one, other, cut=cut) for one, other in pairwise(line)]
    if all(drawn) and line[0] == line[-1]:
        return _closed(line, frame)
    words, is_down = [], False
    for (one, other), is_drawn in zip(pairwise(line), drawn, strict=True):
        if is_drawn and not is_down:
            words.append(f"M{frame.point(one)}")
        if is_drawn:
            words.append(f"L{frame.point(other)}")
        is_down = is_drawn
    return " ".join(words)
