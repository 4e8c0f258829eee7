"""Profiles: they begin with the account, and belong to nobody else."""

import pytest

from shared.tenancy.tenants import PLATFORM
from tests.auth.people import Person, join, login
from tests.support import City, call, deliver


@pytest.fixture
def person(city: City) -> Person:
    made = join(city)
    deliver("create-profile", city.events("user.created")[-1])
    return made


def token_of(city: City, person: Person) -> str:
    token: str = login(city, person).body["accessToken"]
    return token


def test_whoever_has_an_account_has_a_profile(city: City, person: Person) -> None:
    profile = call("get-my-profile", token=token_of(city, person))
    assert profile.status == 200
    assert {k: profile.body[k] for k in ("id", "email", "name", "language")} == {
        "id": str(person.id),
        "email": person.email,
        "name": "Ada Lenz",
        "language": "de",
    }


def test_an_event_that_comes_twice_makes_one_profile(city: City, person: Person) -> None:
    [event] = city.events("user.created")
    assert deliver("create-profile", event).status == 204
    assert city.rows("users", "SELECT count(*) FROM profiles") == [[1]]


def test_what_is_left_out_stays_as_it_is(city: City, person: Person) -> None:
    token = token_of(city, person)
    changed = call("update-my-profile", token=token, body={"language": "dk"})
    assert (changed.body["name"], changed.body["language"]) == ("Ada Lenz", "da")
    assert changed.body["updatedAt"] > changed.body["createdAt"]
    changed = call("update-my-profile", token=token, body={"name": "  Ada L. ", "language": None})
    assert (changed.body["name"], changed.body["language"]) == ("Ada L.", "da")
    assert call("get-my-profile", token=token).body["name"] == "Ada L."


def test_a_change_is_said_once_and_no_change_is_not_said(city: City, person: Person) -> None:
    token = token_of(city, person)
    for _ in range(2):
        call("update-my-profile", token=token, body={"name": "Ada Neu"})
    [said] = city.events("user.updated")
    assert said.data == {"userId": str(person.id), "name": "Ada Neu", "language": "de"}


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 201},
        {"name": "a\x07b"},
        {"language": "tlh"},
        {"email": "other@example.org"},
        {"id": "x"},
        {"roles": ["super_admin"]},
        {"tenantId": str(PLATFORM.id)},
    ],
)
def test_nothing_else_can_be_changed(city: City, person: Person, change: dict[str, object]) -> None:
    assert call("update-my-profile", token=token_of(city, person), body=change).status == 422


def test_without_a_profile_there_is_none_to_read_or_change(
    city: City, other_city: City, person: Person
) -> None:
    for where in (city, other_city):
        assert where.call("get-my-profile", "citizen").code == "PROFILE_NOT_FOUND"
        assert where.call("update-my-profile", "citizen", body={"name": "X"}).code == "PROFILE_NOT_FOUND"


def test_a_super_admin_at_work_in_a_city_sees_the_own_profile(city: City) -> None:
    platform = City(PLATFORM)
    boss = join(platform, "super_admin")
    deliver("create-profile", platform.events("user.created")[-1])
    profile = call("get-my-profile", token=token_of(platform, boss), tenant=city.tenant.slug)
    assert profile.body["id"] == str(boss.id)
