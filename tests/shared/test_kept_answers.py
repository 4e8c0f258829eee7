"""What everybody asks for is answered from Redis for a moment, until a commit drops it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from shared.adapters import published, redis
from shared.errors import Unavailable
from tests.core.factories import make_category, make_listing
from tests.support import City

Reads = Callable[[], int]


@pytest.fixture(autouse=True)
def answers_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.adapters.published.SECONDS", 30)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """How often a handler asked Postgres for JSON."""
    from shared.db.sql import Sql

    asked: list[str] = []
    real = Sql.json
    monkeypatch.setattr(
        Sql, "json", lambda self, sql, **values: (asked.append(sql), real(self, sql, **values))[1]
    )
    return lambda: len(asked)


def titles(city: City, role: str = "", query: str = "") -> set[str]:
    return {each["title"] for each in city.call("list-listings", role, query=query).body["items"]}


def approve(city: City, listing: dict[str, Any]) -> None:
    done = city.call("approve-listing", "city_admin", path=f"/api/listings/{listing['id']}/approve")
    assert done.status == 200, done.body


def test_the_second_reader_costs_no_query_and_hears_the_same(city: City, reads: Reads) -> None:
    first, second = (city.call("list-listings") for _ in range(2))
    assert reads() == 1
    assert (second.raw, second.headers["ETag"]) == (first.raw, first.headers["ETag"])
    assert city.call("list-listings", headers={"if-none-match": first.headers["ETag"]}).status == 304
    assert reads() == 1


def test_further_pages_are_not_kept(city: City, reads: Reads) -> None:
    for _ in range(2):
        assert city.call("list-listings", query=f"cursor=1700000000000000.{UUID(int=1)}").status == 200
    assert reads() == 2


def test_what_is_approved_is_seen_by_the_next_reader(city: City) -> None:
    listing = make_listing(city, title="Lesung")
    assert titles(city) == set()
    approve(city, listing)
    assert titles(city) == {"Lesung"}


def test_other_questions_languages_cities_and_people_have_answers_of_their_own(
    city: City, other_city: City, reads: Reads
) -> None:
    city.call("list-listings")
    city.call("list-listings", query="limit=1")
    city.call("list-listings", headers={"accept-language": "en"})
    other_city.call("list-listings")
    for _ in range(2):
        city.call("list-listings", "editor")
    assert reads() == 6


def test_a_reader_that_was_slower_than_a_writer_keeps_nothing_old(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = make_listing(city, title="Lesung")
    real = published.keep

    def late(*parts: Any) -> None:
        """The listing is approved after the database was read, and before the answer is kept."""
        monkeypatch.setattr(published, "keep", real)
        approve(city, listing)
        real(*parts)

    monkeypatch.setattr(published, "keep", late)
    assert titles(city) == set()
    assert titles(city) == {"Lesung"}


def test_without_redis_everybody_is_answered_all_the_same(
    city: City, monkeypatch: pytest.MonkeyPatch, reads: Reads
) -> None:
    real = redis.command

    def away(*words: Any) -> Any:
        if words[0] in {"MGET", "SET"}:
            raise Unavailable(dependency="redis")
        return real(*words)

    monkeypatch.setattr(redis, "command", away)
    assert [city.call("list-listings").status for _ in range(2)] == [200, 200]
    assert reads() == 2


def test_a_change_of_categories_tiles_and_terms_is_seen_at_once(city: City) -> None:
    assert city.call("list-categories").body["items"] == []
    category = make_category_by_call(city)
    [found] = city.call("list-categories").body["items"]
    city.call("update-category", "city_admin", path=f"/api/categories/{category}", body={"icon": "swim"})
    [changed] = city.call("list-categories").body["items"]
    assert (found["icon"], changed["icon"]) == ("", "swim")
    city.call("delete-category", "city_admin", path=f"/api/categories/{category}")
    assert city.call("list-categories").body["items"] == []
    tiles = []
    for name in ("Bad", "Bus"):
        made = city.call("create-tile", "city_admin", body={"titles": {"de": name}})
        tiles.append(made.body["id"])
        assert [each["id"] for each in city.call("list-tiles").body["items"]] == tiles
    city.call("reorder-tiles", "city_admin", body={"ids": tiles[::-1]})
    assert [each["id"] for each in city.call("list-tiles").body["items"]] == tiles[::-1]


def make_category_by_call(city: City) -> str:
    made = city.call("create-category", "city_admin", body={"names": {"de": "Freizeit"}})
    assert made.status == 201, made.body
    return str(made.body["id"])


def test_many_at_once_hear_one_of_the_states_there_were(city: City) -> None:
    make_category(city)
    listings = [make_listing(city, title=f"Lesung {number}") for number in range(3)]
    with ThreadPoolExecutor(6) as pool:
        reading = [pool.submit(titles, city) for _ in range(12)]
        for listing in listings:
            approve(city, listing)
        assert all(found.result() <= {each["title"] for each in listings} for found in reading)
    assert titles(city) == {each["title"] for each in listings}
