"""References of the second order: an id of another city inside a body, a filter or a text leads nowhere, and
nothing counts twice.
"""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from events.privacy import ExportRequested
from functions.core.listings.create_listing import create_listing
from functions.core.models import MODELS
from shared.adapters import storage
from shared.context import Context
from shared.function import record_of
from shared.personal_data import hand_out
from tests.adapters.conftest import servers, thirdparty
from tests.core.factories import make_category, make_listing, make_medium, make_published
from tests.factory.test_web_build import built, prepare
from tests.support import Answer, City

__all__ = ["servers", "thirdparty"]
ADMIN = "city_admin"


def refused_field(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["error"]["details"]["errors"][0]["field"]


def listing(city: City, **body: Any) -> Answer:
    return city.call(
        "create-listing", ADMIN, body={"title": "Fund", "categoryId": str(make_category(city))} | body
    )


def tile(city: City, **body: Any) -> Answer:
    return city.call("create-tile", ADMIN, body={"titles": {"de": "Fund"}} | body)


def own_tile(city: City) -> str:
    return f"/api/tiles/{tile(city).body['id']}"


def test_a_foreign_category_or_picture_is_refused_and_nothing_is_made(city: City, other_city: City) -> None:
    category, medium = make_category(other_city), make_medium(other_city)
    assert (listing(city, categoryId=str(category)).status, listing(city, categoryId=str(category)).code) == (
        422,
        "REFERENCE_MISSING",
    )
    assert refused_field(listing(city, mediaIds=[str(medium)])) == (422, "mediaIds")
    assert refused_field(listing(city, mediaIds=[str(make_medium(city)), str(medium)])) == (422, "mediaIds")
    assert refused_field(tile(city, mediaId=str(medium))) == (422, "mediaId")
    assert refused_field(
        city.call("update-tile", ADMIN, path=own_tile(city), body={"mediaId": str(medium)})
    ) == (422, "mediaId")
    assert city.rows("core", "SELECT count(*) FROM listings") == [[0]]


def test_a_foreign_parent_is_refused_for_new_and_for_moved_categories(city: City, other_city: City) -> None:
    parent = str(make_category(other_city))
    created = city.call("create-category", ADMIN, body={"names": {"de": "Bad"}, "parentId": parent})
    moved = city.call(
        "update-category", ADMIN, path=f"/api/categories/{make_category(city)}", body={"parentId": parent}
    )
    assert (refused_field(created), refused_field(moved)) == ((422, "parentId"), (422, "parentId"))


def test_a_foreign_id_is_as_absent_as_none_wherever_it_is_part_of_the_address(
    city: City, other_city: City
) -> None:
    foreign, medium, foreign_tile = (
        make_listing(other_city)["id"],
        make_medium(other_city),
        own_tile(other_city),
    )
    calls = {
        "approve-listing": f"/api/listings/{foreign}/approve",
        "get-listing": f"/api/listings/{foreign}",
        "get-media": f"/api/media/{medium}",
        "delete-media": f"/api/media/{medium}",
        "complete-upload": f"/api/media/{medium}/complete",
        "get-tile": foreign_tile,
        "delete-tile": foreign_tile,
        "get-category": f"/api/categories/{make_category(other_city)}",
        "add-favorite": f"/api/users/me/favorites/{foreign}",
    }
    for name, path in calls.items():
        assert city.call(name, ADMIN, path=path).status == 404, name
    assert other_city.rows("core", "SELECT (SELECT count(*) FROM media), (SELECT count(*) FROM tiles)") == [
        [1, 1]
    ]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="/api/media/{id}">',
        '<img src="data:image/png;base64,AAAA">',
        "<a href=\"javascript:fetch('/api/media/{id}')\">x</a>",
        '<a href="data:text/html,{id}">x</a>',
        '<a href="vbscript:x">x</a>',
        '<iframe src="/api/media/{id}"></iframe>',
        '<a href=" java\nscript:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<object data="/api/media/{id}"></object>',
        '<svg><use href="data:x"/></svg>',
        '<p style="background:url(/api/media/{id})">x</p>',
        '<form action="/api/media/{id}"><input></form>',
    ],
)
def test_rich_text_loads_nothing_and_runs_nothing_in_listings_and_tiles(
    city: City, other_city: City, html: str
) -> None:
    text = html.replace("{id}", str(make_medium(other_city)))
    made = [
        listing(city, description=text).body["description"],
        tile(city, descriptions={"de": text}).body["description"],
    ]
    for kept in made:
        assert not any(
            bad in kept.lower()
            for bad in ("src", "href", "data:", "script:", "style", "action", "/api/media")
        )


def test_a_link_in_a_text_to_a_file_of_another_city_ends_at_404(city: City, other_city: City) -> None:
    medium = make_medium(other_city)
    kept = listing(city, description=f'<a href="/api/media/{medium}">Plan</a>').body["description"]
    assert f'href="/api/media/{medium}"' in kept
    for query in ("", "size=thumbnail"):
        answer = city.call("get-media", path=f"/api/media/{medium}", query=query)
        assert (answer.status, answer.code) == (404, "MEDIA_NOT_FOUND")


def test_counts_lists_searches_and_places_hold_ones_own_city_only(city: City, other_city: City) -> None:
    place = {"lat": 49.4, "lon": 8.7}
    for each, number in ((city, 2), (other_city, 3)):
        category = make_category(each, "baeder")
        for _ in range(number):
            make_published(each, title="Freibad", category=category, location=place, tags=["nass"])
            make_listing(each, category=category)
    assert city.call("list-listings", query="count=true&tag=nass").body["total"] == 2
    assert [item["listings"] for item in city.call("list-categories").body["items"]] == [2]
    assert city.call("get-category", path="/api/categories/baeder").body["listings"] == 2
    for name, query in (
        ("search-listings", "q=Freibad"),
        ("nearby-listings", "lat=49.4&lon=8.7"),
        ("list-listings", "limit=100"),
    ):
        assert len(city.call(name, query=query).body["items"]) == 2, name
    assert len(city.call("list-pending-listings", ADMIN).body["items"]) == 2


def test_a_foreign_category_as_a_filter_finds_nothing_and_a_foreign_cursor_leads_nowhere(
    city: City, other_city: City
) -> None:
    for _ in range(2):
        make_published(other_city, category=make_category(other_city))
    foreign = other_city.rows("core", "SELECT category_id::text FROM listings")[0][0]
    make_published(city)
    assert city.call("list-listings", query=f"category={foreign}&count=true").body == {
        "items": [],
        "nextCursor": None,
        "total": 0,
    }
    cursor = other_city.call("list-listings", query="limit=1").body["nextCursor"]
    theirs = {row[0] for row in other_city.rows("core", "SELECT id::text FROM listings")}
    assert not theirs & {
        item["id"] for item in city.call("list-listings", query=f"cursor={cursor}").body["items"]
    }


def test_an_export_of_a_city_holds_that_city_alone(city: City, other_city: City, thirdparty: Any) -> None:
    mine, theirs = make_published(city), make_published(other_city)
    for each in (city, other_city):
        tile(each)
        ctx = Context(record_of(create_listing), each.tenant)
        hand_out(ctx, ExportRequested(export_id=UUID(int=7)), MODELS)
        ctx.abandon()
    found = [
        json.loads(line)
        for key in storage.keys(city.id, "exports/")
        for line in storage.get(city.id, key).splitlines()
    ]
    assert {row["tenant_id"] for row in found} == {str(city.id)}
    assert mine["id"] in {row["id"] for row in found if "id" in row}
    assert theirs["id"] not in str(found)


def test_a_signed_link_opens_one_file_of_one_city(city: City, other_city: City, thirdparty: Any) -> None:
    for each in (city, other_city):
        storage.put(each.id, "media/same/picture.png", each.tenant.slug.encode())
    link = storage.sign_get(city.id, "media/same/picture.png", 60)
    assert httpx.get(link).text == city.tenant.slug
    assert httpx.get(link.replace(str(city.id), str(other_city.id))).status_code == 403


def test_a_build_and_its_artifact_are_not_there_for_another_city(
    city: City, other_city: City, thirdparty: Any
) -> None:
    prepare(city)
    build = built(city)["buildId"]
    for name, path in (
        ("get-build", f"/api/builds/{build}"),
        ("download-artifact", f"/api/builds/{build}/artifact"),
    ):
        answer = other_city.call(name, "super_city_admin", path=path)
        assert (answer.status, answer.code) == (404, "BUILD_NOT_FOUND")
    assert other_city.call("list-builds", "super_city_admin").body["items"] == []
