"""Where a city ends: GeoJSON as it should be is kept, everything else is refused with what is wrong with it."""

import json
import math
from contextlib import suppress
from typing import Any

import orjson
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from functions.city.boundaries.boundary import BoundaryIn, BoundaryInvalid
from functions.city.boundaries.geometry import (
    EVENT_BYTES,
    LARGEST,
    SMALLEST,
    checked,
    for_event,
    geojson,
    square_kilometres,
)
from tests.city.factories import platform, registered
from tests.support import City, call

SQUARE = [[8.6, 49.5], [8.7, 49.5], [8.7, 49.6], [8.6, 49.6], [8.6, 49.5]]
HOLE = [[8.64, 49.54], [8.64, 49.56], [8.66, 49.56], [8.66, 49.54], [8.64, 49.54]]
WEINHEIM = {"type": "Polygon", "coordinates": [SQUARE]}


def put(by: City, which: object, boundary: object, role: str = "super_city_admin"):
    body = boundary if isinstance(boundary, bytes) else json.dumps(boundary).encode()
    return by.call("set-city-boundary", role, path=f"/api/cities/{which}/boundary", body=body)


def read(which: object):
    return call("get-city-boundary", path=f"/api/cities/{which}/boundary")


def circle(corners: int, *, lon: float = 8.65, lat: float = 49.55, radius: float = 0.05) -> list[list[float]]:
    """A ring that runs against the clock."""
    ring = [
        [
            lon + radius * math.cos(2 * math.pi * n / corners),
            lat + radius * math.sin(2 * math.pi * n / corners),
        ]
        for n in range(corners)
    ]
    return [*ring, ring[0]]


def comb(teeth: int) -> list[list[float]]:
    """A ring whose every tooth counts."""
    top = [[8.6 + 0.1 * n / teeth, 49.6 if n % 2 else 49.51] for n in range(teeth + 1)]
    return [[8.6, 49.5], [8.7, 49.5], *reversed(top), [8.6, 49.5]]


def test_a_boundary_is_kept_read_by_everyone_and_told_to_the_services(city: City) -> None:
    with registered(city) as made:
        assert read(made.id).code == "BOUNDARY_NOT_FOUND"
        kept = put(made, made.tenant.slug, {"type": "Polygon", "coordinates": [SQUARE, HOLE]})
        assert kept.status == 200, kept.body
        assert (kept.body["polygons"], kept.body["positions"]) == (1, 10)
        assert kept.body["area"] == pytest.approx(77, abs=1)
        assert read(made.tenant.slug).body == {"type": "Polygon", "coordinates": [SQUARE, HOLE]}
        [told] = made.events("city.boundary_set")
        assert told.data == {
            "cityId": str(made.id),
            "geometry": {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
        }


def test_a_new_boundary_takes_the_place_of_the_one_before_and_null_takes_it_away(city: City) -> None:
    with registered(city) as made:
        put(made, made.id, WEINHEIM)
        far = [circle(8, radius=0.02), circle(8, lon=8.8, radius=0.02)]
        assert (
            put(made, made.id, {"type": "MultiPolygon", "coordinates": [[ring] for ring in far]}).body[
                "polygons"
            ]
            == 2
        )
        assert read(made.id).body["type"] == "MultiPolygon"
        assert (
            put(made, made.id, {"type": "Feature", "properties": None, "geometry": None}).body["positions"]
            == 0
        )
        assert read(made.id).status == 404
        assert [
            event.data["geometry"] and event.data["geometry"]["type"]
            for event in made.events("city.boundary_set")
        ] == ["Polygon", "MultiPolygon", None]


def test_a_feature_is_taken_for_its_geometry_and_nothing_else_of_it_is_kept(city: City) -> None:
    with registered(city) as made:
        feature = {
            "type": "Feature",
            "id": 7,
            "bbox": [8.6, 49.5, 8.7, 49.6],
            "properties": {"mayor": "Ada"},
            "geometry": WEINHEIM,
            "x": 1,
        }
        assert put(made, made.id, feature).status == 200
        assert read(made.id).body == WEINHEIM


def test_rings_are_turned_by_the_right_hand_rule(city: City) -> None:
    with registered(city) as made:
        put(made, made.id, {"type": "Polygon", "coordinates": [SQUARE[::-1], HOLE[::-1]]})
        edge, hole = read(made.id).body["coordinates"]
        assert shapely.LinearRing(edge).is_ccw
        assert not shapely.LinearRing(hole).is_ccw


def test_heights_and_digits_below_a_hands_breadth_are_not_kept(city: City) -> None:
    with registered(city) as made:
        exact = [[lon + 0.00000012, lat, 112.5] for lon, lat in SQUARE]
        put(made, made.id, {"type": "Polygon", "coordinates": [exact]})
        assert read(made.id).body == WEINHEIM


BAD: dict[str, Any] = {
    "open": [[*SQUARE[:-1], [8.6, 49.51]]],
    "three positions": [SQUARE[:2] + SQUARE[-1:]],
    "no ring": [],
    "an empty ring": [[]],
    "a bow tie": [[[8.6, 49.5], [8.7, 49.6], [8.7, 49.5], [8.6, 49.6], [8.6, 49.5]]],
    "a hole outside": [SQUARE, [[lon + 1, lat] for lon, lat in HOLE]],
    "a hole across the edge": [SQUARE, [[lon + 0.05, lat] for lon, lat in HOLE]],
    "the same ring twice": [SQUARE, SQUARE],
    "no area": [[[8.6, 49.5], [8.7, 49.5], [8.6, 49.5], [8.6, 49.5]]],
    "a point": [[[8.6, 49.5]] * 5],
    "a garden": [circle(8, radius=0.0001)],
    "a continent": [[[-10, 35], [40, 35], [40, 70], [-10, 70], [-10, 35]]],
    "across the 180th meridian": [[[179.9, 10], [-179.9, 10], [-179.9, 10.2], [179.9, 10.2], [179.9, 10]]],
    "beyond it": [[[179.9, 10], [180.1, 10], [180.1, 10.2], [179.9, 10.2], [179.9, 10]]],
    "beyond the pole": [[[8, 89.9], [9, 89.9], [9, 90.1], [8, 90.1], [8, 89.9]]],
    "metres": [[[477_000, 5_489_000]] * 4],
    "texts": [[["8.6", "49.5"]] * 4],
    "one number": [[[8.6]] * 4],
    "four numbers": [[[8.6, 49.5, 0, 0]] * 4],
    "flat": [[8.6, 49.5]],
    "nulls": [[[None, None]] * 4],
    "too many positions": [circle(50_001)],
    "too many rings": [SQUARE] + [HOLE] * 1_000,
}


@pytest.mark.parametrize("coordinates", BAD.values(), ids=list(BAD))
def test_what_is_no_boundary_is_refused_and_the_one_before_stays(city: City, coordinates: object) -> None:
    with registered(city) as made:
        put(made, made.id, WEINHEIM)
        refused = put(made, made.id, {"type": "Polygon", "coordinates": coordinates})
        assert refused.status == 422, refused.body
        assert refused.code in ("BOUNDARY_INVALID", "VALIDATION_FAILED")
        assert read(made.id).body == WEINHEIM


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Point", "coordinates": [8.6, 49.5]},
        {"type": "FeatureCollection", "features": []},
        {"type": "GeometryCollection", "geometries": [WEINHEIM]},
        {"type": "Feature"},
        {"type": "Feature", "geometry": {"type": "Feature", "geometry": WEINHEIM}},
        {"coordinates": [SQUARE]},
        {},
        [],
        None,
        WEINHEIM | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}},
        {"type": "MultiPolygon", "coordinates": [SQUARE]},
        {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]},
        {"type": "MultiPolygon", "coordinates": []},
        b'{"type": "Polygon", "coordinates": [[[1e999, 1], [2, 2], [3, 1], [1e999, 1]]]}',
        b'{"type": "Polygon", "coordinates": [[[NaN, 1], [2, 2], [3, 1], [NaN, 1]]]}',
        b'{"type": "Polygon", "coordinates": ' + b"[" * 5_000,
    ],
)
def test_what_is_no_area_is_refused(city: City, body: object) -> None:
    with registered(city) as made:
        assert put(made, made.id, body).status in (400, 422)


def test_the_refusal_says_what_is_wrong_and_where(city: City) -> None:
    with registered(city) as made:
        refused = put(made, made.id, {"type": "Polygon", "coordinates": BAD["a bow tie"]})
        assert refused.code == "BOUNDARY_INVALID"
        assert "Self-intersection" in refused.body["error"]["details"]["problem"]


def test_latitude_first_is_noticed_where_the_city_says_where_it_lies(city: City) -> None:
    with registered(city, location={"lat": 49.55, "lon": 8.65}) as made:
        swapped = put(
            made, made.id, {"type": "Polygon", "coordinates": [[[lat, lon] for lon, lat in SQUARE]]}
        )
        assert "longitude first" in swapped.body["error"]["details"]["problem"]
        assert put(made, made.id, WEINHEIM).status == 200


def test_fifty_thousand_positions_are_kept_exactly_and_told_to_some_metres(city: City) -> None:
    with registered(city) as made:
        kept = put(made, made.id, {"type": "Polygon", "coordinates": [circle(49_000)]})
        assert kept.status == 200, kept.body
        assert kept.body["positions"] == 49_001
        [told] = made.events("city.boundary_set")
        assert len(told.text) < EVENT_BYTES + 200
        exact, simple = (
            shapely.geometry.shape(read(made.id).body),
            shapely.geometry.shape(told.data["geometry"]),
        )
        assert len(exact.exterior.coords) == 49_001
        assert simple.buffer(0.0001).covers(exact)
        assert simple.buffer(-0.0001).within(exact)
        assert simple.is_valid


def test_a_boundary_that_is_all_teeth_is_told_nearly_as_it_is() -> None:
    area = checked([[comb(49_000)]])
    assert len(orjson.dumps(geojson(area))) > EVENT_BYTES
    told = for_event(area)
    assert len(orjson.dumps(told)) <= EVENT_BYTES
    assert shapely.geometry.shape(told).buffer(0.001).covers(area)


def test_a_thousand_islets_too_small_for_any_grid_are_told_as_the_box_around_them() -> None:
    islets = [
        [circle(49, lon=8.6 + 0.004 * (n % 32), lat=49.5 + 0.004 * (n // 32), radius=0.00002)]
        for n in range(1_000)
    ]
    area = checked(islets)
    assert len(orjson.dumps(geojson(area))) > EVENT_BYTES
    assert shapely.geometry.shape(for_event(area)).equals(shapely.box(*area.bounds))


def test_a_body_of_five_megabytes_is_refused_before_it_is_read(city: City) -> None:
    with registered(city) as made:
        refused = put(made, made.id, b'{"type": "Polygon", "x": "' + b"x" * 5_000_000 + b'"}')
        assert (refused.status, refused.code) == (413, "PAYLOAD_TOO_LARGE")


numbers = some.one_of(
    some.floats(allow_nan=False, allow_infinity=False),
    some.integers(-200, 200),
    some.sampled_from([8.6, 8.7, 49.5, 49.6, 180, -180, 90]),
)
rings = some.lists(some.lists(numbers, min_size=2, max_size=3), min_size=3, max_size=9).map(
    lambda ring: [*ring, ring[0]]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(some.lists(some.lists(rings, min_size=1, max_size=3), min_size=1, max_size=3))
def test_whatever_comes_is_either_refused_or_a_valid_boundary(
    polygons: list[list[list[list[float]]]],
) -> None:
    given_ = BoundaryIn.model_validate({"type": "MultiPolygon", "coordinates": polygons}).geometry
    assert given_ is not None
    with suppress(BoundaryInvalid):
        area = checked(given_.polygons)
        assert area.is_valid
        assert SMALLEST <= square_kilometres(area) <= LARGEST
        assert BoundaryIn.model_validate(json.loads(orjson.dumps(for_event(area)))).geometry


def test_nobody_moves_another_citys_boundary(city: City) -> None:
    with registered(city) as mine, registered(city) as foreign:
        refused = put(mine, foreign.id, WEINHEIM)
        assert (refused.status, refused.code) == (404, "CITY_NOT_FOUND")
        assert put(mine, mine.id, WEINHEIM, "city_admin").code == "FORBIDDEN"
        assert platform(city, "set-city-boundary", foreign.id, "/boundary", body=WEINHEIM).status == 200
        assert foreign.events("city.boundary_set")[0].envelope.tenant_id == foreign.id
        platform(city, "deactivate-city", foreign.id, "/deactivate")
        assert read(foreign.id).code == "CITY_NOT_FOUND"
