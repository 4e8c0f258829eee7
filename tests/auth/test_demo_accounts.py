"""The people of the demonstration."""

import pytest

from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import login
from tests.support import City, deliver
from tooling.command_failed import CommandFailed
from tooling.seed.accounts import seed_accounts


def test_a_city_gets_its_four_kinds_of_users_who_can_log_in(city: City) -> None:
    people = seed_accounts(city.tenant)
    assert [p.role for p in people] == ["super_city_admin", "city_admin", "editor", "citizen"]
    for person in people:
        user = login(city, person.email, person.password).body["user"]
        assert (user["id"], user["roles"], user["name"]) == (str(person.id), [person.role], person.name)
    assert {e.data["userId"] for e in city.events("user.created")} == {str(p.id) for p in people}


def test_the_platform_gets_its_super_admin(city: City) -> None:
    platform = City(PLATFORM)
    [boss] = seed_accounts(PLATFORM)
    body = login(platform, boss.email, boss.password).body
    assert body["user"]["roles"] == ["super_admin"]


def test_doing_it_again_changes_nothing(city: City) -> None:
    assert seed_accounts(city.tenant) == seed_accounts(city.tenant)
    assert len(city.events("user.created")) == 4
    assert city.rows("auth", "SELECT count(*) FROM accounts") == [[4]]


def test_their_profiles_fill_from_the_events(city: City) -> None:
    editor = next(p for p in seed_accounts(city.tenant) if p.role == "editor")
    for event in city.events("user.created"):
        assert deliver("create-profile", event).status == 204
    assert city.rows("users", "SELECT name, email FROM profiles WHERE id = :id", id=editor.id) == [
        [editor.name, editor.email]
    ]


def test_there_are_none_in_production(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "environment", "production")
    with pytest.raises(CommandFailed, match="production"):
        seed_accounts(city.tenant)
    assert city.rows("auth", "SELECT 1 FROM accounts") == []
