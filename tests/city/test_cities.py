"""The registry: who reads it, who changes it, and how a city is switched off."""

from typing import Any

import pytest

from shared.kit.contrast import ContrastTooLow, Shortfall
from shared.kit.languages import LANGUAGES
from tests.city.factories import onboard, publish_imprint, registered, resolved
from tests.support import City, call


def get(name: object, **parts: Any):
    return call("get-city", path=f"/api/cities/{name}", **parts)


def update(by: City, which: object, role: str = "super_city_admin", **changes: Any):
    return by.call("update-city", role, path=f"/api/cities/{which}", body=changes)


def switch(verb: str, by: City, name: object):
    return call(f"{verb}-city", path=f"/api/cities/{name}/{verb}", token=by.token("super_admin"))


def listed(query: str) -> list[str]:
    """The slugs of all pages."""
    slugs: list[str] = []
    cursor = ""
    while True:
        answer = call("list-cities", query=query + cursor)
        assert answer.status == 200, answer.body
        slugs += [item["slug"] for item in answer.body["items"]]
        if answer.body["nextCursor"] is None:
            return slugs
        cursor = f"&cursor={answer.body['nextCursor']}"


def test_everyone_reads_a_city_by_slug_and_by_id(city: City) -> None:
    with registered(
        city,
        population=45_000,
        location={"lat": 49.55, "lon": 8.67},
        contact={"city": "Weinheim"},
        website="https://www.weinheim.example",
    ) as made:
        by_slug, by_id = get(made.tenant.slug), get(str(made.id).upper())
        assert by_slug.status == 200
        assert by_slug.body == by_id.body
        assert (by_id.body["population"], by_id.body["location"]) == (45_000, {"lat": 49.55, "lon": 8.67})
        assert (by_id.body["contact"], by_id.body["theme"]["text"]) == ({"city": "Weinheim"}, "#1a1a1a")
    assert get("nowhere").code == "CITY_NOT_FOUND"


def test_the_list_is_in_pages_and_knows_states(city: City) -> None:
    state = f"Land {city.tenant.slug}"
    with (
        registered(city, state=state) as a,
        registered(city, state=state) as b,
        registered(city, state=state) as c,
        registered(city),
    ):
        assert listed(f"limit=2&state={state.replace(' ', '%20')}") == sorted(
            x.tenant.slug for x in (a, b, c)
        )


def test_cities_around_a_place_come_nearest_first(city: City) -> None:
    state = f"Land-{city.tenant.slug}"
    with (
        registered(city, state=state, location={"lat": -40.0, "lon": 20.0}) as near,
        registered(city, state=state, location={"lat": -40.1, "lon": 20.0}) as far,
        registered(city, state=state, location={"lat": -45.0, "lon": 20.0}),
        registered(city, state=state),
    ):
        found = call("list-cities", query=f"state={state}&lat=-40&lon=20&radius=20000").body["items"]
        assert [(item["slug"], item["distance"]) for item in found] == [
            (near.tenant.slug, 0),
            (far.tenant.slug, 11_119),
        ]
    refused = call("list-cities", query="lat=49")
    assert (refused.status, refused.body["error"]["details"]["errors"][0]["field"]) == (422, "lon")


def test_a_city_changes_itself_and_says_so(city: City) -> None:
    with registered(city, theme={"primary": "#112233"}) as made:
        changed = update(
            made,
            made.tenant.slug,
            name="Weinheim an der Bergstraße",
            languages=["de", "tr"],
            features=["waste"],
            theme={"secondary": "#445566"},
            location={"lat": 1, "lon": 2},
        )
        assert changed.status == 200, changed.body
        assert changed.body["theme"] == {
            "primary": "#112233",
            "secondary": "#445566",
            "background": "#ffffff",
            "text": "#1a1a1a",
        }
        assert (changed.body["state"], changed.body["location"]) == (
            "Baden-Württemberg",
            {"lat": 1.0, "lon": 2.0},
        )
        [said] = made.events("city.updated")
        assert (said.data["name"], said.data["features"]) == ("Weinheim an der Bergstraße", ["waste"])
        assert resolved(str(made.id)).languages == ("de", "tr")
        assert update(made, made.id, location=None, name="Weinheim").body["location"] is None


def test_colours_that_nobody_can_read_are_refused_with_their_fields(city: City) -> None:
    with registered(city) as made:
        white = dict.fromkeys(("primary", "text", "background"), "#ffffff")
        refused = update(made, made.id, theme=white)
        assert (refused.status, refused.code) == (422, "CONTRAST_TOO_LOW")
        assert [each["field"] for each in refused.body["error"]["details"]["errors"]] == [
            "theme.text",
            "theme.primary",
        ]
        assert "text #ffffff / #ffffff 1.00 < 4.5" in refused.body["error"]["message"]
        # with the text that stays
        assert update(made, made.id, theme={"background": "#1a1a1a"}).code == "CONTRAST_TOO_LOW"
        assert get(made.id).body["theme"]["background"] == "#ffffff"
        assert made.events("city.updated") == []
        assert (
            update(
                made, made.id, theme={"background": "#000000", "text": "#ffffff", "primary": "#ffd500"}
            ).status
            == 200
        )
    assert onboard(city, theme={"primary": "#fafafa"}).code == "CONTRAST_TOO_LOW"


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_too_little_contrast_is_told_in_every_language(language: str) -> None:
    told = ContrastTooLow([Shortfall("text", "#fff", "#fff", 1.0)])
    assert told.text(language) != told.text("en")
    assert "text #fff / #fff 1.00 < 4.5" in told.text(language)


def test_what_every_city_has_cannot_be_removed(city: City) -> None:
    with registered(city) as made:
        for field in ("name", "languages", "theme", "timeZone"):
            assert (
                update(made, made.id, **dict[str, Any]({field: None})).body["error"]["details"]["errors"][0][
                    "field"
                ]
                == field
            )
        assert update(made, made.id, slug="other").status == 422


def test_nobody_changes_another_city_but_the_platform(city: City) -> None:
    with registered(city) as mine, registered(city) as foreign:
        refused = update(mine, foreign.id, name="Meins")
        assert (refused.status, refused.code) == (404, "CITY_NOT_FOUND")
        assert update(mine, mine.id, "city_admin", name="Meins").code == "FORBIDDEN"
        anywhere = call(
            "update-city",
            path=f"/api/cities/{foreign.id}",
            token=city.token("super_admin"),
            body={"name": "Neu"},
        )
        assert (anywhere.status, anywhere.body["name"]) == (200, "Neu")
        assert foreign.events("city.updated")[0].envelope.tenant_id == foreign.id


def test_a_city_that_is_switched_off_is_gone_for_the_public_and_comes_back(city: City) -> None:
    with registered(city, state=f"Land-{city.tenant.slug}") as made:
        publish_imprint(made)
        off = switch("deactivate", city, made.tenant.slug)
        assert (off.status, off.body["active"]) == (200, False)
        assert switch("deactivate", city, made.id).status == 200
        assert resolved(made.tenant.slug).active is False
        assert get(made.id).code == "CITY_NOT_FOUND"
        assert listed(f"state=Land-{city.tenant.slug}") == []
        assert switch("activate", city, made.id).body["active"] is True
        assert get(made.id).status == 200
        assert [said.type for said in made.events()][1:] == ["city.deactivated", "city.activated"]


def test_the_calls_of_a_city_that_is_switched_off_are_refused(city: City) -> None:
    with registered(city) as made:
        publish_imprint(made)
        assert made.call("list-listings").status == 200
        switch("deactivate", city, made.id)
        assert made.call("list-listings").code == "TENANT_INACTIVE"
        assert made.call("list-listings", "editor").code == "TENANT_INACTIVE"
        switch("activate", city, made.id)
        assert made.call("list-listings").status == 200


def test_only_the_platform_switches_cities(city: City) -> None:
    with registered(city) as made:
        for verb in ("activate", "deactivate"):
            refused = call(
                f"{verb}-city", path=f"/api/cities/{made.id}/{verb}", token=made.token("super_city_admin")
            )
            assert refused.code == "FORBIDDEN"
            assert switch(verb, city, "nowhere").code == "CITY_NOT_FOUND"


def test_the_registry_is_read_across_tenants_and_written_only_by_the_city_itself(city: City) -> None:
    with registered(city) as made:
        assert city.rows("city", "SELECT slug FROM cities WHERE id = :id", id=made.id) == [[made.tenant.slug]]
        assert (
            city.rows("city", "UPDATE cities SET name = 'mine' WHERE id = :id RETURNING id", id=made.id) == []
        )
        assert made.rows(
            "city", "UPDATE cities SET name = 'own' WHERE id = :id RETURNING name", id=made.id
        ) == [["own"]]


def test_a_city_demands_a_second_factor_of_its_admins_and_every_function_knows(city: City) -> None:
    with registered(city) as made, registered(city, requireSecondFactor=True) as strict:
        assert (made.tenant.second_factor, strict.tenant.second_factor) == (False, True)
        assert update(made, made.id, requireSecondFactor=True).status == 200
        assert resolved(made.tenant.slug).second_factor is True
        assert update(made, made.id, name="Weinheim").status == 200
        assert resolved(made.tenant.slug).second_factor is True
        nonsense: dict[str, Any]
        for nonsense in (
            {"requireSecondFactor": None},
            {"secondFactor": "maybe"},
            {"active": True},
            {"deletedAt": None},
            {"quotas": {}},
        ):
            assert update(made, made.id, **nonsense).status == 422
