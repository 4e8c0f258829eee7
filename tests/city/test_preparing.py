"""A city prepares until it has published its imprint: its staff work, nobody else sees it, no list has it
(DDG §5).
"""

from typing import Any

import pytest

from tests.city.factories import platform, publish_imprint, registered, resolved
from tests.support import City, call
from tooling.seed.imprint import seed_imprint

GUEST = {"deviceId": "phone-1", "platform": "android"}
CITIZEN = {"email": "ada@heidi.example", "name": "Ada Lenz", "password": "Ein-Blumentopf-4711"}


@pytest.fixture
def preparing(city: City):
    with registered(city, opened=False) as made:
        yield made


def listed(made: City) -> bool:
    return [
        each["slug"]
        for each in call("list-cities", query=f"cursor={made.tenant.slug[:-1]}&limit=1").body["items"]
    ] == [made.tenant.slug]


def seen(made: City, **parts: Any) -> int:
    return call("get-city", path=f"/api/cities/{made.tenant.slug}", **parts).status


def test_a_new_city_is_neither_listed_nor_shown_and_says_what_it_waits_for(preparing: City) -> None:
    assert not listed(preparing)
    assert seen(preparing) == 404
    assert call("resolve-city", query=f"host={preparing.tenant.slug}").body["status"] == "preparing"


def test_nobody_but_its_staff_can_use_it(preparing: City) -> None:
    assert preparing.call("list-listings").code == "CITY_PREPARING"
    assert preparing.call("list-listings", "citizen").code == "CITY_PREPARING"
    for role in ("editor", "city_admin", "super_city_admin", "super_admin"):
        assert preparing.call("list-listings", role).status == 200, role


@pytest.mark.parametrize(("name", "body"), [("register-guest", GUEST), ("register", CITIZEN)])
def test_citizens_and_guests_come_when_it_is_open(preparing: City, name: str, body: dict[str, str]) -> None:
    host = f"{preparing.tenant.slug}.localhost"
    assert call(name, body=body, host=host).code == "CITY_PREPARING"
    publish_imprint(preparing)
    preparing.tenant = resolved(str(preparing.id))
    from shared.tenancy import tenants

    tenants.forget(preparing.tenant)
    assert call(name, body=body, host=host).status < 300


def test_its_staff_read_what_nobody_else_does(preparing: City, other_city: City) -> None:
    assert seen(preparing, token=preparing.token("editor")) == 200
    assert seen(preparing, token=preparing.token("super_admin")) == 200
    assert seen(preparing, token=preparing.token("citizen")) == 404
    assert seen(preparing, token=other_city.token("super_city_admin")) == 404


def test_the_first_imprint_in_its_first_language_opens_it_and_says_so_once(preparing: City) -> None:
    publish_imprint(preparing, publish=False)
    publish_imprint(preparing, language="en")
    assert not listed(preparing)
    publish_imprint(preparing)
    publish_imprint(preparing, text="<p>Zweite Fassung</p>")
    assert listed(preparing)
    assert seen(preparing) == 200
    assert len(preparing.events("city.opened")) == 1
    assert resolved(str(preparing.id)).preparing is False


def test_a_privacy_notice_does_not_open_it(preparing: City) -> None:
    body = {"language": "de", "text": "<p>Wir speichern wenig.</p>", "publish": True}
    assert platform(preparing, "save-legal-text", preparing.id, "/legal/privacy", body=body).status == 201
    assert not listed(preparing)


def test_the_demonstration_cities_are_open(preparing: City) -> None:
    assert seed_imprint(preparing.tenant) == 1
    assert seed_imprint(preparing.tenant) == 0
    assert listed(preparing)
