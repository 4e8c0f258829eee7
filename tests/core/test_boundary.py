"""Which listings lie outside the city: said to their authors and to admins, and to nobody else."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from events.city import BoundarySet
from shared.context import LOCK_SHARED
from shared.kit.cloudevents import Envelope
from shared.kit.settings import settings
from tests.core.factories import make_listing, make_published
from tests.support import City, Said, deliver, superuser

SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[8.0, 49.0], [9.0, 49.0], [9.0, 50.0], [8.0, 50.0], [8.0, 49.0]],
        [[8.4, 49.4], [8.6, 49.4], [8.6, 49.6], [8.4, 49.6], [8.4, 49.4]],
    ],
}
INSIDE, OUTSIDE, IN_THE_HOLE, ON_THE_LINE = (
    {"lat": 49.2, "lon": 8.2},
    {"lat": 48.9, "lon": 8.2},
    {"lat": 49.5, "lon": 8.5},
    {"lat": 49.0, "lon": 8.5},
)


def announce(city: City, geometry: dict[str, Any] | None = SQUARE, *, minutes_ago: int = 0) -> None:
    event = BoundarySet(city_id=city.id, geometry=geometry)
    said_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    envelope = Envelope(str(uuid4()), "/test", event.type(), said_at, city.id, "test", "", "")
    assert (
        deliver("flag-listings-outside", Said("test", envelope, event.model_dump_json(by_alias=True))).status
        == 204
    )


def flag(city: City, listing: dict[str, Any], role: str = "city_admin") -> object:
    return city.call("get-listing", role, path=f"/api/listings/{listing['id']}").body["outsideBoundary"]


def queue(city: City, query: str = "") -> list[str]:
    return [
        item["id"] for item in city.call("list-pending-listings", "city_admin", query=query).body["items"]
    ]


@pytest.mark.parametrize(
    ("place", "outside"),
    [(INSIDE, False), (OUTSIDE, True), (IN_THE_HOLE, True), (ON_THE_LINE, False), (None, None)],
)
def test_a_new_listing_knows_whether_it_lies_outside(
    city: City, place: dict[str, float] | None, outside: object
) -> None:
    announce(city)
    assert make_listing(city, location=place)["outsideBoundary"] is outside


def test_without_a_boundary_nobody_knows(city: City) -> None:
    assert make_listing(city, location=OUTSIDE)["outsideBoundary"] is None


def test_a_new_boundary_is_applied_to_what_is_there_and_none_takes_the_flags_away(city: City) -> None:
    near, far, nowhere = (
        make_listing(city, location=INSIDE),
        make_listing(city, location=OUTSIDE),
        make_listing(city),
    )
    announce(city, minutes_ago=2)
    assert [flag(city, listing) for listing in (near, far, nowhere)] == [False, True, None]
    moved = {
        "type": "MultiPolygon",
        "coordinates": [[[[7.0, 48.0], [9.0, 48.0], [9.0, 49.0], [7.0, 49.0], [7.0, 48.0]]]],
    }
    announce(city, moved, minutes_ago=1)
    assert [flag(city, listing) for listing in (near, far, nowhere)] == [True, False, None]
    announce(city, None)
    assert [flag(city, listing) for listing in (near, far, nowhere)] == [None, None, None]
    assert make_listing(city, location=OUTSIDE)["outsideBoundary"] is None


def test_an_older_boundary_that_arrives_late_changes_nothing(city: City) -> None:
    announce(city)
    announce(city, None, minutes_ago=5)
    assert make_listing(city, location=OUTSIDE)["outsideBoundary"] is True


def test_the_queue_can_be_narrowed_to_what_lies_outside_or_inside(city: City) -> None:
    announce(city)
    near, far, nowhere = (make_listing(city, location=place)["id"] for place in (INSIDE, OUTSIDE, None))
    assert (queue(city), queue(city, "outside=true"), queue(city, "outside=false")) == (
        [near, far, nowhere],
        [far],
        [near],
    )


def test_the_flag_is_for_the_author_and_for_admins(city: City) -> None:
    announce(city)
    listing = make_published(city, location=OUTSIDE)
    assert (flag(city, listing), flag(city, listing, "editor"), flag(city, listing, "")) == (True, None, None)
    own = make_listing(city, location=OUTSIDE)
    assert flag(city, own, "editor") is True
    assert "outsideBoundary" not in city.call("list-listings").body["items"][0]
    [mine] = city.call("list-listings", "editor", query="mine=true&status=pending_approval").body["items"]
    assert mine["outsideBoundary"] is True


def test_another_citys_boundary_is_not_ours(city: City, other_city: City) -> None:
    announce(other_city)
    assert make_listing(city, location=OUTSIDE)["outsideBoundary"] is None
    make_listing(other_city, location=OUTSIDE)
    announce(city)
    assert other_city.rows("core", "SELECT outside_boundary FROM listings") == [[True]]


def test_the_flag_changes_neither_version_nor_time(city: City) -> None:
    listing = make_listing(city, location=OUTSIDE)
    announce(city)
    now = city.call("get-listing", "city_admin", path=f"/api/listings/{listing['id']}").body
    assert (now["version"], now["updatedAt"]) == (listing["version"], listing["updatedAt"])


def somebody_waits() -> bool:
    with superuser("postgres") as connection:
        return bool(
            connection.run(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = :database AND wait_event_type = 'Lock'",
                database=settings().postgres_database_prefix + "core",
            )[0][0]
        )


def test_a_listing_that_is_made_while_the_boundary_changes_is_not_forgotten(city: City) -> None:
    near = make_listing(city, location=INSIDE)
    work = city.sql("core")
    work.run(LOCK_SHARED, name=f"{city.id} boundary")
    # as in a call that has not seen the boundary
    work.run("UPDATE listings SET lat = :lat, lon = :lon", **OUTSIDE)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(announce, city)
        deadline = time.monotonic() + 120
        while not somebody_waits():
            assert time.monotonic() < deadline, "the boundary did not wait"
        work.commit()
        pending.result()
    assert flag(city, near) is True
