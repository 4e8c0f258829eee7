"""Categories: the tree, who may change it, and what cannot be done to it."""

from typing import Any
from uuid import uuid4

import pytest

from events.city import CityOnboarded
from functions.core.categories.defaults import DEFAULTS
from tests.core.factories import make_listing, make_published
from tests.notification.people import tell
from tests.support import City

NAMES = {"de": "Bäder", "en": "Pools"}


def create(city: City, role: str = "city_admin", **body: Any):
    return city.call("create-category", role, body={"names": NAMES} | body)


def made(city: City, **body: Any) -> dict[str, Any]:
    answer = create(city, **body)
    assert answer.status == 201, answer.body
    return answer.body


def change(city: City, category: object, **body: Any):
    return city.call("update-category", "city_admin", path=f"/api/categories/{category}", body=body)


def delete(city: City, category: object, role: str = "city_admin"):
    return city.call("delete-category", role, path=f"/api/categories/{category}")


def tree(city: City, language: str = "") -> list[dict[str, Any]]:
    answer = city.call("list-categories", headers={"accept-language": language})
    assert answer.status == 200, answer.body
    return answer.body["items"]


def test_the_tree_is_in_order_and_counts_what_is_published(city: City) -> None:
    sport = made(city, slug="sport", position=2)
    made(city, slug="kultur", position=1)
    pools = made(city, slug="baeder", parentId=sport["id"], position=2)
    made(city, slug="plaetze", parentId=sport["id"], position=1)
    make_published(city, category=pools["id"])
    make_published(city, category=sport["id"])
    make_listing(city, category=pools["id"])
    kultur, sport = tree(city)
    assert (kultur["slug"], kultur["listings"], kultur["children"]) == ("kultur", 0, [])
    assert (sport["slug"], sport["listings"]) == ("sport", 2)
    assert [(child["slug"], child["listings"], child["parentId"]) for child in sport["children"]] == [
        ("plaetze", 0, sport["id"]),
        ("baeder", 1, sport["id"]),
    ]


@pytest.mark.parametrize(
    ("language", "name"), [("de", "Bäder"), ("en-GB,de;q=0.5", "Pools"), ("tr", "Bäder"), ("", "Bäder")]
)
def test_names_are_in_the_readers_language_or_the_citys(city: City, language: str, name: str) -> None:
    made(city)
    assert tree(city, language)[0]["name"] == name


def test_a_name_in_a_language_that_nobody_asked_for_is_better_than_none(city: City) -> None:
    made(city, names={"uk": "Басейни"})
    assert tree(city, "tr")[0]["name"] == "Басейни"


def test_one_category_is_found_by_id_and_by_slug_with_all_its_names(city: City) -> None:
    parent = made(city, slug="sport", icon="swim")
    made(city, slug="baeder", parentId=parent["id"])
    for name in (parent["id"], "sport"):
        found = city.call("get-category", path=f"/api/categories/{name}")
        assert found.status == 200
        assert (found.body["names"], found.body["icon"]) == (NAMES, "swim")
        assert [child["slug"] for child in found.body["children"]] == ["baeder"]
    assert city.call("get-category", path="/api/categories/nowhere").code == "CATEGORY_NOT_FOUND"


def test_a_category_without_a_slug_gets_one_from_its_name(city: City) -> None:
    assert str(made(city)["slug"]).startswith("baeder-")


def test_a_slug_is_taken_once_in_a_city_and_again_in_another(city: City, other_city: City) -> None:
    made(city, slug="sport")
    again = create(city, slug="sport")
    assert (again.status, again.code) == (409, "CATEGORY_EXISTS")
    made(other_city, slug="sport")


def test_language_codes_of_the_older_system_are_mapped_and_others_are_refused(city: City) -> None:
    assert city.call(
        "get-category", path=f"/api/categories/{made(city, names={'dk': 'Bade', 'no': 'Bad'})['id']}"
    ).body["names"] == {"da": "Bade", "nb": "Bad"}
    refused = create(city, names={"xx": "?"})
    assert (refused.status, refused.body["error"]["details"]["errors"][0]["field"]) == (422, "names.xx")


def test_there_are_two_levels_and_no_circles(city: City) -> None:
    parent = made(city)
    child = made(city, parentId=parent["id"])
    for refused in (
        create(city, parentId=child["id"]),
        change(city, parent["id"], parentId=parent["id"]),
        change(city, parent["id"], parentId=child["id"]),
        change(city, made(city)["id"], parentId=child["id"]),
    ):
        assert (refused.status, refused.code) == (409, "CATEGORY_TOO_DEEP")


def test_a_parent_that_is_not_there_is_named(city: City, other_city: City) -> None:
    foreign = made(other_city)["id"]
    for refused in (
        create(city, parentId=str(uuid4())),
        create(city, parentId=foreign),
        change(city, made(city)["id"], parentId=foreign),
    ):
        assert (refused.status, refused.body["error"]["details"]["errors"][0]["field"]) == (422, "parentId")


def test_a_change_touches_only_what_is_given(city: City) -> None:
    parent, child = made(city), made(city, icon="swim", position=3)
    moved = change(city, child["id"], parentId=parent["id"])
    assert (moved.status, moved.body["parentId"], moved.body["icon"], moved.body["position"]) == (
        200,
        parent["id"],
        "swim",
        3,
    )
    assert change(city, child["id"], parentId=None, names={"de": "Freibäder"}).body["parentId"] is None
    assert [item["name"] for item in tree(city)] == ["Bäder", "Freibäder"]
    assert change(city, child["id"], names=None).status == 422


def test_an_empty_category_can_be_deleted_and_no_other(city: City) -> None:
    parent = made(city)
    child = made(city, parentId=parent["id"])
    make_listing(city, category=child["id"])
    holding = delete(city, parent["id"])
    assert (holding.status, holding.code, holding.body["error"]["details"]) == (
        409,
        "CATEGORY_NOT_EMPTY",
        {"listings": 0, "children": 1},
    )
    assert delete(city, child["id"]).body["error"]["details"] == {"listings": 1, "children": 0}
    empty = made(city)
    assert delete(city, empty["id"]).status == 204
    assert delete(city, empty["id"]).code == "CATEGORY_NOT_FOUND"


def test_editors_change_nothing_and_other_cities_find_nothing(city: City, other_city: City) -> None:
    category = made(city)["id"]
    assert create(city, "editor").code == "FORBIDDEN"
    assert delete(city, category, "editor").code == "FORBIDDEN"
    assert delete(other_city, category).code == "CATEGORY_NOT_FOUND"
    assert change(other_city, category, icon="x").code == "CATEGORY_NOT_FOUND"
    assert other_city.call("get-category", path=f"/api/categories/{category}").code == "CATEGORY_NOT_FOUND"
    assert tree(other_city) == []


def test_the_default_categories_have_two_names_and_no_slug_twice() -> None:
    every = [category for default in DEFAULTS for category in (default, *default.children)]
    assert len({category.slug for category in every}) == len(every)
    assert all(category.de and category.en and category.icon for category in every)


def onboard(city: City, source: City) -> None:
    tell(
        city,
        "create-default-categories",
        CityOnboarded(
            city_id=city.id,
            slug=city.tenant.slug,
            name="Weinheim",
            languages=["de"],
            features=[],
            admin_email="a@example.org",
            cloned_from_id=source.id,
        ),
    )


def test_a_cloned_city_has_the_others_tree_with_ids_of_its_own_and_none_of_its_listings(
    city: City, other_city: City
) -> None:
    sport = made(other_city, slug="sport", names={"de": "Sport", "uk": "Спорт"}, icon="swim", position=2)
    made(other_city, slug="abc", parentId=sport["id"], position=7)
    make_published(other_city, category=sport["id"])
    onboard(city, other_city)
    [copy] = tree(city)
    assert (copy["slug"], copy["icon"], copy["position"], copy["listings"]) == ("sport", "swim", 2, 0)
    assert [(child["slug"], child["position"], child["parentId"]) for child in copy["children"]] == [
        ("abc", 7, copy["id"])
    ]
    assert city.call("get-category", path="/api/categories/sport").body["names"] == {
        "de": "Sport",
        "uk": "Спорт",
    }
    assert copy["id"] != sport["id"]
    assert [item["listings"] for item in tree(other_city)] == [1]
    assert city.rows("core", "SELECT count(*) FROM listings") == [[0]]


def test_a_clone_of_a_city_without_categories_has_the_usual_ones_and_what_is_there_stays(
    city: City, other_city: City
) -> None:
    onboard(city, other_city)
    assert [item["slug"] for item in tree(city)] == [default.slug for default in DEFAULTS]
    made(other_city, slug="sport")
    onboard(city, other_city)
    assert len(tree(city)) == len(DEFAULTS)
