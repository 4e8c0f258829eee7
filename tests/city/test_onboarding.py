"""Onboarding: one call leaves a working tenant."""

from typing import Any

import pytest

from shared.adapters import redis
from shared.tenancy import tenants
from tests.city.factories import city_body, onboard, registered, resolved
from tests.support import City, call, deliver


def test_one_call_leaves_a_tenant_that_every_function_can_read(city: City) -> None:
    with registered(city, timeZone="Europe/Vienna", features=["poi_map", "chatbot", "chatbot"]) as made:
        tenant = made.tenant
        assert (tenant.name, tenant.active, tenant.languages) == ("Weinheim", True, ("de", "en"))
        assert (tenant.features, tenant.time_zone) == (frozenset({"chatbot", "poi_map"}), "Europe/Vienna")


def test_the_new_city_itself_says_that_it_was_onboarded(city: City) -> None:
    with registered(city, theme={"primary": "#AA0011"}) as made:
        [said] = made.events("city.onboarded")
        assert said.envelope.tenant_id == made.id
        assert said.envelope.actor_id == str(city.person("super_admin"))
        assert said.data["adminEmail"] == "admin@weinheim.example"
        assert (said.data["adminName"], said.data["primaryColor"], said.data["secondaryColor"]) == (
            "Ada Admin",
            "#aa0011",
            "#ffb400",
        )


def test_a_new_city_has_categories_to_begin_with_however_often_it_is_said(city: City) -> None:
    with registered(city) as made:
        [said] = made.events("city.onboarded")
        for _ in range(2):
            assert deliver("create-default-categories", said).status == 204
        items = made.call("list-categories", headers={"accept-language": "en"}).body["items"]
        assert [item["name"] for item in items][:2] == ["Town hall & services", "Education & childcare"]
        assert "Libraries" in [child["name"] for child in items[1]["children"]]
        assert len(made.rows("core", "SELECT 1 FROM categories")) == sum(
            1 + len(item["children"]) for item in items
        )


def test_a_city_that_has_categories_keeps_those(city: City) -> None:
    with registered(city) as made:
        made.call("create-category", "super_admin", body={"names": {"de": "Eigenes"}})
        deliver("create-default-categories", made.events("city.onboarded")[0])
        assert [item["name"] for item in made.call("list-categories").body["items"]] == ["Eigenes"]


def test_a_slug_is_given_once(city: City) -> None:
    with registered(city) as made:
        again = onboard(city, slug=made.tenant.slug)
        assert (again.status, again.code) == (409, "CITY_EXISTS")
        assert len(made.events("city.onboarded")) == 1


def test_what_was_remembered_about_the_name_before_is_forgotten(city: City) -> None:
    slug = city_body()["slug"]
    redis.command("SET", tenants.key(slug), "", "EX", 60)
    with registered(city, slug=slug):
        assert redis.command("GET", tenants.key(slug)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Weinheim"),
        ("slug", "resolve"),
        ("slug", "platform"),
        ("slug", "a.b"),
        ("slug", "00000000-0000-4000-8000-000000000000"),
        ("languages", []),
        ("languages", ["xx"]),
        ("features", ["no_such_module"]),
        ("timeZone", "Europe/Heidelberg"),
        ("timeZone", "../../etc/passwd"),
        ("timeZone", "Europe"),
        ("admin", {"email": "nobody"}),
        ("theme", {"primary": "red"}),
        ("website", "javascript:alert(1)"),
        ("location", {"lat": 91, "lon": 0}),
        ("population", -1),
        ("name", " "),
    ],
)
def test_what_is_wrong_is_named(city: City, field: str, value: object) -> None:
    refused = onboard(city, **dict[str, Any]({field: value}))
    assert refused.status == 422
    assert refused.body["error"]["details"]["errors"][0]["field"].split(".")[0] == field


def test_an_admin_is_needed(city: City) -> None:
    body = city_body()
    del body["admin"]
    assert (
        call("onboard-city", token=city.token("super_admin"), body=body).body["error"]["details"]["errors"][
            0
        ]["field"]
        == "admin"
    )


def test_codes_of_the_older_system_become_ours(city: City) -> None:
    with registered(city, languages=["no", "de-AT", "nb"]) as made:
        assert made.tenant.languages == ("nb", "de")


@pytest.mark.parametrize("role", ["super_city_admin", "city_admin", "editor"])
def test_only_the_platform_onboards(city: City, role: str) -> None:
    assert onboard(city, role).code == "FORBIDDEN"


def test_hosts_slugs_and_ids_lead_to_the_same_city(city: City) -> None:
    with registered(city) as made:
        slug = made.tenant.slug
        for name in (slug, slug.upper(), f"{slug}.localhost:8080", f"{slug}.localhost", str(made.id)):
            assert call("resolve-city", query=f"host={name}").body == {
                "id": str(made.id),
                "slug": slug,
                "name": "Weinheim",
                "active": True,
                "status": "active",
                "languages": ["de", "en"],
                "features": ["chatbot"],
                "timeZone": "Europe/Berlin",
            }
        assert resolved(slug) == resolved(slug.upper()) == resolved(str(made.id)) == made.tenant
        for name in ("nowhere", "nowhere.localhost", "localhost", "a.b.localhost", "example.org"):
            unknown = call("resolve-city", query=f"host={name}")
            assert (unknown.status, unknown.code) == (404, "CITY_NOT_FOUND")
