"""Cloning: a new tenant with another's languages, modules, colours and quotas; its people and content stay
where they are.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from shared.tenancy import tenants
from tests.city.factories import platform, publish_imprint, registered, resolved
from tests.support import City, call

CONTACT = {"name": "Frau Adler", "email": "adler@weinheim.example", "phone": "06201 820"}
SOURCE: dict[str, Any] = {
    "languages": ["de", "tr"],
    "features": ["waste", "chatbot"],
    "theme": {"primary": "#112233"},
    "timeZone": "Europe/Vienna",
    "plan": "large",
    "contact": CONTACT,
    "requireSecondFactor": True,
    "location": {"lat": 49.5, "lon": 8.6},
    "population": 45_000,
    "website": "https://www.weinheim.example",
}


def clone(by: City, which: object, role: str = "super_admin", **fields: Any):
    body = {
        "slug": f"neustadt-{uuid4().hex[:8]}",
        "name": "Neustadt",
        "admin": {"email": "neu@neustadt.example"},
    } | fields
    return call("clone-city", path=f"/api/cities/{which}/clone", token=by.token(role), body=body)


def test_a_clone_has_the_languages_modules_colours_quotas_and_rules_of_its_source(city: City) -> None:
    with registered(city, **SOURCE) as source:
        made = clone(city, source.tenant.slug)
        assert made.status == 201, made.body
        ours, theirs = resolved(made.body["id"]), source.tenant
        same = ("languages", "features", "time_zone", "quotas", "second_factor", "active")
        assert [getattr(ours, name) for name in same] == [getattr(theirs, name) for name in same]
        assert made.body["theme"]["primary"] == "#112233"
        assert (ours.name, ours.id != theirs.id) == ("Neustadt", True)


def test_a_clone_has_nothing_that_names_the_sources_people_or_place(city: City) -> None:
    with registered(city, **SOURCE) as source:
        publish_imprint(source, text="<p>Vertreten durch Frau Adler</p>")
        source.call(
            "set-city-boundary",
            "super_city_admin",
            path=f"/api/cities/{source.id}/boundary",
            body={"type": "Polygon", "coordinates": [[[8.6, 49.5], [8.7, 49.5], [8.7, 49.6], [8.6, 49.5]]]},
        )
        body = {"name": "App", "platform": "ios", "bundleId": "a.b"}
        source.call("register-app", "super_city_admin", path=f"/api/cities/{source.id}/apps", body=body)
        made = clone(city, source.id)
        assert (
            made.body["contact"],
            made.body["website"],
            made.body["location"],
            made.body["population"],
        ) == (None, None, None, None)
        new = City(resolved(made.body["id"]))
        for table in ("apps", "boundaries", "exports"):
            assert new.rows("city", f"SELECT 1 FROM {table}") == []
        texts = new.rows("city", "SELECT text, published FROM legal_texts")
        assert {published for _, published in texts} == {False}
        assert not [text for text, _ in texts if "Adler" in text or "weinheim" in text]
        [said] = new.events("city.onboarded")
        assert "adler" not in said.text.lower()
        tenants.forget(new.tenant)


def test_the_clone_is_announced_with_its_source_and_its_own_admin(city: City) -> None:
    with registered(city, **SOURCE) as source:
        made = clone(city, source.id, contact={"email": "rathaus@neustadt.example"})
        new = City(resolved(made.body["id"]))
        [said] = new.events("city.onboarded")
        assert said.envelope.tenant_id == new.id
        assert (said.data["clonedFromId"], said.data["adminEmail"]) == (
            str(source.id),
            "neu@neustadt.example",
        )
        assert [event.type for event in source.events()] == ["city.onboarded"]
        assert made.body["contact"]["email"] == "rathaus@neustadt.example"


def test_a_city_that_is_cloned_from_none_says_so(city: City) -> None:
    with registered(city) as made:
        assert made.events("city.onboarded")[0].data["clonedFromId"] is None


def test_a_name_that_was_ever_given_is_not_given_again(city: City) -> None:
    with registered(city) as source:
        refused = clone(city, source.id, slug=source.tenant.slug)
        assert (refused.status, refused.code) == (409, "CITY_EXISTS")
        with ThreadPoolExecutor(4) as pool:
            slug = f"neu-{uuid4().hex[:8]}"
            answers = list(pool.map(lambda _: clone(city, source.id, slug=slug).status, range(4)))
        assert sorted(answers) == [201, 409, 409, 409]


@pytest.mark.parametrize(
    "fields",
    [
        {"slug": "resolve"},
        {"name": ""},
        {"admin": {"email": "x"}},
        {"features": ["jobs"]},
        {"quotas": {}},
        {"id": str(uuid4())},
        {"languages": ["en"]},
        {"clonedFromId": str(uuid4())},
    ],
)
def test_a_clone_says_only_what_is_its_own(city: City, fields: dict[str, Any]) -> None:
    with registered(city) as source:
        assert clone(city, source.id, **fields).status == 422


def test_only_the_platform_clones_and_only_what_there_is(city: City) -> None:
    with registered(city) as source:
        for role in ("super_city_admin", "city_admin", "editor"):
            assert clone(source, source.id, role).code == "FORBIDDEN"
        assert clone(city, "nowhere").code == "CITY_NOT_FOUND"
        assert clone(city, uuid4()).code == "CITY_NOT_FOUND"
        platform(city, "deactivate-city", source.id, "/deactivate")
        assert clone(city, source.id).body["active"] is True
