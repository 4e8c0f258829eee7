"""What makes a boundary of a GeoJSON geometry: closed rings of real places, no edge across another, the size
of a city.
"""

import math
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

from functions.city.boundaries.boundary import MOST_POSITIONS, MOST_RINGS, BoundaryInvalid, BoundaryOut

if TYPE_CHECKING:
    from shapely import MultiPolygon, Polygon

DIGITS = 6  # eleven centimetres (RFC 7946 §11.2)
KILOMETRES = 111.195  # one degree of a great circle
SMALLEST, LARGEST = 0.01, 100_000  # square kilometres; Chongqing has 82,000
FARTHEST = 1.0  # degrees between a city's middle and its boundary
EVENT_BYTES = 400_000  # brokers take a megabyte, other things included
# degrees, from five metres on; by grid, because simplifying takes minutes on a comb
GRIDS = (0.00005, 0.0002, 0.001, 0.005)

Ring = list[tuple[float, float]]


def checked(polygons: list[list[list[list[float]]]]) -> "Polygon | MultiPolygon":
    """The area, its rings turned by the right-hand rule (RFC 7946 §3.1.6); BoundaryInvalid with the first
    thing that is wrong.
    """
    import shapely

    refuse_bulk(polygons)
    areas = [
        shapely.Polygon(edge, holes)
        for edge, *holes in ([ring_of(ring) for ring in rings] for rings in polygons)
    ]
    whole = areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)
    if not whole.is_valid:
        raise BoundaryInvalid(problem=shapely.is_valid_reason(whole))
    if not SMALLEST <= (size := square_kilometres(whole)) <= LARGEST:
        raise BoundaryInvalid(problem=f"{size:.3g} km² is not the size of a city")
    return shapely.orient_polygons(whole)


def refuse_bulk(polygons: list[list[list[list[float]]]]) -> None:
    """BoundaryInvalid for more rings or positions than a city has."""
    rings = [ring for rings in polygons for ring in rings]
    if len(rings) > MOST_RINGS:
        raise BoundaryInvalid(problem=f"{len(rings):,} rings; {MOST_RINGS:,} are the most")
    if (count := sum(map(len, rings))) > MOST_POSITIONS:
        raise BoundaryInvalid(problem=f"{count:,} positions; {MOST_POSITIONS:,} are the most")


def ring_of(positions: list[list[float]]) -> Ring:
    """A closed ring of places on earth; BoundaryInvalid when it is none, or crosses the 180th meridian."""
    for longitude, latitude, *_ in positions:
        if abs(longitude) > 180 or abs(latitude) > 90:
            raise BoundaryInvalid(problem=f"[{longitude:.6g}, {latitude:.6g}] is no longitude and latitude")
    ring = [(round(longitude, DIGITS), round(latitude, DIGITS)) for longitude, latitude, *_ in positions]
    if ring[0] != ring[-1]:
        raise BoundaryInvalid(problem="a ring ends where it begins")
    if any(abs(after - before) > 180 for (before, _), (after, _) in pairwise(ring)):
        raise BoundaryInvalid(problem="it crosses the 180th meridian; cut it there (RFC 7946 §3.1.9)")
    return ring


def square_kilometres(area: "Polygon | MultiPolygon") -> float:
    """The size of an area, on a sphere whose degrees of longitude are as long as in its middle."""
    _, south, _, north = area.bounds
    return float(area.area) * KILOMETRES**2 * math.cos(math.radians((south + north) / 2))


def refuse_elsewhere(area: "Polygon | MultiPolygon", lat: float | None, lon: float | None) -> None:
    """BoundaryInvalid for an area far from the city: mostly latitude and longitude have changed places."""
    import shapely

    if lat is not None and lon is not None and area.distance(shapely.Point(lon, lat)) > FARTHEST:
        raise BoundaryInvalid(problem="it is far from the city; a position is longitude first, then latitude")


def geojson(area: "Polygon | MultiPolygon") -> dict[str, Any]:
    """The area as a GeoJSON geometry."""
    import shapely

    found: dict[str, Any] = shapely.geometry.mapping(area)
    return found


def for_event(area: "Polygon | MultiPolygon") -> dict[str, Any]:
    """The area small enough to be told: as it is, or on the finest grid that makes it so; else the box around
    it.
    """
    import orjson
    import shapely

    for told in chain([area], (shapely.set_precision(area, grid) for grid in GRIDS)):
        if not told.is_empty and len(orjson.dumps(geojson(told))) <= EVENT_BYTES:
            return geojson(told)
    return geojson(shapely.box(*area.bounds))


def summary(city_id: UUID, area: "Polygon | MultiPolygon") -> BoundaryOut:
    """What clients are told of it."""
    import shapely

    return BoundaryOut(
        city_id=city_id,
        polygons=shapely.get_num_geometries(area),
        positions=shapely.get_num_coordinates(area),
        area=round(square_kilometres(area), 2),
    )
