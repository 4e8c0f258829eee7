"""Tiles: what the first page shows and in which order, who may change it, and what is not let in."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from events.city import CityOnboarded
from functions.core.tiles.defaults import DEFAULTS
from functions.core.tiles.tile import MOST
from shared.kit.languages import LANGUAGES
from tests.core.factories import make_medium
from tests.notification.people import tell
from tests.support import City

TITLES = {"de": "Bäder", "en": "Pools"}
YESTERDAY, TOMORROW = ((datetime.now(UTC) + timedelta(days=days)).isoformat() for days in (-1, 1))


def create(city: City, role: str = "city_admin", **body: Any):
    return city.call("create-tile", role, body={"titles": TITLES} | body)


def made(city: City, **body: Any) -> dict[str, Any]:
    answer = create(city, **body)
    assert answer.status == 201, answer.body
    tile: dict[str, Any] = answer.body
    return tile


def change(city: City, tile: dict[str, Any], role: str = "city_admin", **body: Any):
    return city.call("update-tile", role, path=f"/api/tiles/{tile['id']}", body=body)


def get(city: City, tile: dict[str, Any], role: str = ""):
    return city.call("get-tile", role, path=f"/api/tiles/{tile['id']}")


def tiles(city: City, role: str = "", **parts: Any) -> list[dict[str, Any]]:
    answer = city.call("list-tiles", role, **parts)
    assert answer.status == 200, answer.body
    items: list[dict[str, Any]] = answer.body["items"]
    return items


def reorder(city: City, *ids: object):
    return city.call("reorder-tiles", "city_admin", body={"ids": list(map(str, ids))})


def onboarded(city: City, **facts: Any) -> CityOnboarded:
    return CityOnboarded(
        city_id=city.id,
        slug=city.tenant.slug,
        name="Weinheim",
        admin_email="a@example.org",
        **({"languages": ["de"], "features": ["chatbot"]} | facts),
    )


def test_a_new_tile_is_the_last_one_and_everybody_reads_it_in_their_language(city: City) -> None:
    made(city, titles={"de": "Erste"})
    made(city, descriptions={"de": "<b>Nass</b>", "en": "Wet"}, icon="swim", link="/search/Bad")
    assert [tile["title"] for tile in tiles(city)] == ["Erste", "Bäder"]
    english = tiles(city, headers={"accept-language": "en"})[1]
    assert (english["title"], english["description"], english["icon"], english["link"]) == (
        "Pools",
        "Wet",
        "swim",
        "/search/Bad",
    )


def test_one_tile_has_its_texts_in_all_languages(city: City) -> None:
    tile = made(city, descriptions={"de": "Nass"})
    found = get(city, tile)
    assert (found.body["titles"], found.body["descriptions"], found.body["title"]) == (
        TITLES,
        {"de": "Nass"},
        "Bäder",
    )


@pytest.mark.parametrize("times", [{"publishAt": TOMORROW}, {"expireAt": YESTERDAY}])
def test_a_tile_is_shown_only_in_its_time_and_admins_see_it_before_and_after(
    city: City, times: dict[str, str]
) -> None:
    tile = made(city, **times)
    assert tiles(city) == tiles(city, "city_admin") == []
    assert [shown["id"] for shown in tiles(city, "city_admin", query="unpublished=true")] == [tile["id"]]
    assert (get(city, tile).code, get(city, tile, "editor").code, get(city, tile, "city_admin").status) == (
        "TILE_NOT_FOUND",
        "TILE_NOT_FOUND",
        200,
    )


def test_a_tile_whose_time_has_come_is_shown(city: City) -> None:
    made(city, publishAt=YESTERDAY, expireAt=TOMORROW)
    assert len(tiles(city)) == 1


def test_only_admins_may_ask_for_what_is_not_shown(city: City) -> None:
    for role in ("", "citizen", "editor"):
        assert city.call("list-tiles", role, query="unpublished=true").code == "FORBIDDEN"


def test_an_end_before_the_beginning_is_refused_also_by_a_change(city: City) -> None:
    assert create(city, publishAt=TOMORROW, expireAt=YESTERDAY).code == "TILE_NEVER_SHOWN"
    tile = made(city, publishAt=TOMORROW)
    assert change(city, tile, expireAt=YESTERDAY).code == "TILE_NEVER_SHOWN"
    assert get(city, tile, "city_admin").body["expireAt"] is None


@pytest.mark.parametrize("link", ["https://www.heidelberg.de/bad", "/", "/search/Freibad?x=1"])
def test_a_link_is_a_web_address_or_a_path_of_the_app(city: City, link: str) -> None:
    assert made(city, link=link)["link"] == link


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "//evil.example",
        "/\\evil.example",
        "data:text/html,x",
        "search",
        "",
        "/a b",
        "http://",
    ],
)
def test_other_links_are_refused(city: City, link: str) -> None:
    refused = create(city, link=link)
    assert (refused.status, refused.code) == (422, "VALIDATION_FAILED")


def test_scripts_and_foreign_addresses_are_taken_out_of_descriptions(city: City) -> None:
    tile = made(
        city,
        descriptions={
            "de": '<script>x</script><b onclick="x">a</b><a href="javascript:x">b</a><img src="data:x">'
        },
    )
    assert tile["description"] == '<b>a</b><a rel="noopener noreferrer nofollow">b</a>'


def test_a_picture_comes_with_its_author_and_licence_and_a_foreign_one_is_refused(
    city: City, other_city: City
) -> None:
    own, foreign = make_medium(city), make_medium(other_city)
    picture = made(city, mediaId=str(own))["picture"]
    assert (picture["url"], picture["author"], picture["licence"]) == (f"/api/media/{own}", "Ada", "CC0")
    for refused in (
        create(city, mediaId=str(foreign)),
        create(city, mediaId=str(uuid4())),
        change(city, made(city), mediaId=str(foreign)),
        create(city, mediaId=str(make_medium(city, state="refused"))),
    ):
        assert (refused.status, refused.body["error"]["details"]["errors"][0]["field"]) == (422, "mediaId")


def test_the_database_itself_refuses_a_foreign_picture(city: City, other_city: City) -> None:
    tile, foreign, work = made(city), make_medium(other_city), city.sql("core")
    with pytest.raises(Exception, match="tiles_media_id_fkey"):
        work.run("UPDATE tiles SET media_id = :media WHERE id = :id", media=foreign, id=tile["id"])
    work.rollback()


def test_a_deleted_picture_leaves_its_tile(city: City) -> None:
    tile = made(city, mediaId=str(make_medium(city)))
    city.rows("core", "DELETE FROM media RETURNING 1")
    assert (get(city, tile).status, get(city, tile).body["picture"]) == (200, None)


def test_a_change_touches_only_what_is_given(city: City) -> None:
    tile = made(city, icon="swim", link="/search/Bad", mediaId=str(make_medium(city)))
    changed = change(city, tile, link=None, titles={"de": "Freibäder"}).body
    assert (changed["link"], changed["title"], changed["icon"], changed["picture"]) == (
        None,
        "Freibäder",
        "swim",
        tile["picture"],
    )
    assert change(city, tile, mediaId=None).body["picture"] is None
    assert change(city, tile, titles=None).status == 422


def test_a_new_order_names_every_tile_once(city: City, other_city: City) -> None:
    first, second, third = (made(city)["id"] for _ in range(3))
    for wrong in (
        [first, second],
        [first, second, second],
        [first, second, third, third],
        [first, second, made(other_city)["id"]],
    ):
        assert reorder(city, *wrong).code == "TILES_INCOMPLETE"
    assert [tile["id"] for tile in reorder(city, third, first, second).body["items"]] == [
        third,
        first,
        second,
    ]
    assert [tile["id"] for tile in tiles(city)] == [third, first, second]
    assert len(tiles(other_city)) == 1


def test_a_deleted_tile_is_gone_and_a_new_one_is_still_the_last(city: City) -> None:
    tile, last = made(city), made(city, titles={"de": "Zweite"})
    assert city.call("delete-tile", "city_admin", path=f"/api/tiles/{tile['id']}").status == 204
    assert made(city)["position"] > last["position"]
    assert get(city, tile).code == "TILE_NOT_FOUND"


def test_a_city_has_a_hundred_tiles_at_most_however_many_make_one_at_once(city: City) -> None:
    city.rows(
        "core",
        "INSERT INTO tiles (id, tenant_id, titles, position) SELECT gen_random_uuid(), :tenant, '{}', n"
        " FROM generate_series(1, CAST(:most AS int) - 2) n RETURNING 1",
        tenant=city.id,
        most=MOST,
    )
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: create(city), range(6)))
    assert sorted(answer.status for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"TOO_MANY_TILES"}


def test_editors_change_nothing_and_other_cities_find_nothing(city: City, other_city: City) -> None:
    tile = made(city)
    assert {create(city, "editor").code, change(city, tile, "editor", icon="x").code} == {"FORBIDDEN"}
    assert (
        change(other_city, tile, icon="x").code
        == get(other_city, tile, "city_admin").code
        == "TILE_NOT_FOUND"
    )
    assert (
        other_city.call("delete-tile", "city_admin", path=f"/api/tiles/{tile['id']}").code == "TILE_NOT_FOUND"
    )
    assert tiles(other_city) == []


def test_a_new_city_has_tiles_for_what_it_offers(city: City) -> None:
    for _ in range(2):
        tell(city, "create-default-tiles", onboarded(city))
    assert [tile["link"] for tile in tiles(city)] == [
        "/search",
        "/search/Rathaus",
        "/search/Schwimmbad",
        "/chat",
    ]


def test_tiles_that_are_there_stay(city: City) -> None:
    made(city)
    tell(city, "create-default-tiles", onboarded(city))
    assert [tile["title"] for tile in tiles(city)] == ["Bäder"]


def test_the_usual_tiles_speak_all_ten_languages() -> None:
    assert all(set(tile.titles) == set(LANGUAGES) for tile in DEFAULTS)


def test_a_cloned_city_has_the_others_tiles_in_their_order_without_pictures(
    city: City, other_city: City
) -> None:
    made(
        other_city, titles={"de": "Zweite"}, descriptions={"de": "Text"}, mediaId=str(make_medium(other_city))
    )
    first = made(other_city, titles={"de": "Erste"}, link="/nearby")
    reorder(other_city, first["id"], *(tile["id"] for tile in tiles(other_city) if tile["id"] != first["id"]))
    tell(city, "create-default-tiles", onboarded(city, cloned_from_id=other_city.id))
    copied = tiles(city)
    assert [(tile["title"], tile["description"], tile["link"], tile["picture"]) for tile in copied] == [
        ("Erste", "", "/nearby", None),
        ("Zweite", "Text", None, None),
    ]
    assert not {tile["id"] for tile in copied} & {tile["id"] for tile in tiles(other_city)}


def test_a_city_cloned_from_one_that_is_gone_has_the_usual_tiles(city: City) -> None:
    tell(city, "create-default-tiles", onboarded(city, cloned_from_id=uuid4()))
    assert len(tiles(city)) == 4


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_the_calendar_does_not_have_in_utc_is_refused(city: City, moment: str) -> None:
    for field in ("publishAt", "expireAt"):
        assert create(city, **{field: moment}).code == "VALIDATION_FAILED"
        assert change(city, made(city), **{field: moment}).code == "VALIDATION_FAILED"
