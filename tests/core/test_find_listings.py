"""Finding: lists, categories, full text, places."""

import pytest

from tests.core.factories import make_category, make_listing, make_published
from tests.support import City


def titles(answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [item["title"] for item in answer.body["items"]]


def search(city: City, words: str) -> list[str]:
    return titles(city.call("search-listings", query=f"q={words}"))


@pytest.mark.parametrize(
    ("words", "title"),
    [
        ("Bibliotheken", "Zentrale Bibliothek"),
        ("Strasse", "Markt in der Straße"),
        ("Schwimm", "Schwimmbad am Neckar"),
        ("neckar schwimm", "Schwimmbad am Neckar"),
        ("BIBLIOTHEK", "Zentrale Bibliothek"),
    ],
)
def test_search_finds_what_people_mean(city: City, words: str, title: str) -> None:
    for name in ("Zentrale Bibliothek", "Markt in der Straße", "Schwimmbad am Neckar"):
        make_published(city, title=name)
    assert search(city, words.replace(" ", "%20")) == [title]


def test_search_shows_only_what_is_published_and_only_the_own_citys(city: City, other_city: City) -> None:
    make_listing(city, title="Wartendes Schwimmbad")
    make_published(other_city, title="Fremdes Schwimmbad")
    assert search(city, "Schwimmbad") == []


@pytest.mark.parametrize(
    "words", ["%27%3B%20DROP%20TABLE%20listings", "%26%20%7C%20%21", "%3A%2A", "%25", "a%00b"]
)
def test_search_takes_any_text(city: City, words: str) -> None:
    make_published(city)
    assert city.call("search-listings", query=f"q={words}").status in (200, 400)


def test_a_list_is_paged_without_gaps_or_repeats(city: City) -> None:
    category = make_category(city)
    for number in range(7):
        make_published(city, title=f"Nummer {number}", category=category)
    seen, query = [], "limit=3&count=true"
    while query:
        page = city.call("list-listings", query=query)
        assert page.body["total"] == 7
        seen += titles(page)
        query = f"limit=3&count=true&cursor={page.body['nextCursor']}" if page.body["nextCursor"] else ""
    assert seen == [f"Nummer {number}" for number in reversed(range(7))]


@pytest.mark.parametrize(
    "cursor", ["x", "1.2", "99999999999999999.00000000-0000-0000-0000-000000000000", "%00", "1" * 99]
)
def test_a_hostile_cursor_is_refused(city: City, cursor: str) -> None:
    refused = city.call("list-listings", query=f"cursor={cursor}")
    assert refused.status < 500
    assert refused.status != 200 or refused.body["items"] == []


def test_a_category_holds_what_its_sub_categories_hold(city: City) -> None:
    parent, child = make_category(city), make_category(city)
    city.rows(
        "core",
        "UPDATE categories SET parent_id = :parent WHERE id = :child RETURNING 1",
        parent=parent,
        child=child,
    )
    make_published(city, title="Im Unterordner", category=child)
    make_published(city, title="Anderswo")
    assert titles(city.call("list-listings", query=f"category={parent}")) == ["Im Unterordner"]


def test_nearby_is_nearest_first_within_the_radius_in_metres(city: City) -> None:
    for title, lat in (("Fern", 49.50), ("Nah", 49.4105), ("Näher", 49.4101)):
        make_published(city, title=title, location={"lat": lat, "lon": 8.7})
    near = city.call("nearby-listings", query="lat=49.41&lon=8.7&radius=500")
    assert titles(near) == ["Näher", "Nah"]
    assert [item["distance"] for item in near.body["items"]] == [11, 56]


def test_only_admins_list_what_waits_and_authors_their_own(city: City) -> None:
    make_listing(city, title="Wartet")
    assert city.call("list-listings", query="status=pending_approval").status == 403
    assert city.call("list-listings", "citizen", query="status=pending_approval").status == 403
    assert titles(city.call("list-listings", "editor", query="status=pending_approval&mine=true")) == [
        "Wartet"
    ]
    assert titles(city.call("list-listings", "city_admin", query="status=pending_approval")) == ["Wartet"]
    assert city.call("list-listings", query="mine=true").status == 401


def test_without_the_map_nobody_asks_what_is_near() -> None:
    with City.known("heidelberg", features=frozenset({"chatbot"})) as city:
        assert city.call("nearby-listings", query="lat=49.4&lon=8.7").code == "FEATURE_DISABLED"
