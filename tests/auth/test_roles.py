"""Roles: who may change whose, and how soon it holds."""

from uuid import uuid4

import pytest

from functions.auth.account import Role
from shared.auth.rbac import ANONYMOUS, MATRIX
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import Person, join, login, refresh
from tests.support import Answer, City, call


def assign(city: City, by: str, user_id: object, *roles: str) -> Answer:
    return city.call("assign-role", by, path=f"/api/auth/users/{user_id}/roles", body={"roles": list(roles)})


@pytest.fixture
def editor(city: City) -> Person:
    return join(city, "editor")


def test_new_roles_hold_at_the_next_call_and_come_with_the_next_refresh(city: City, editor: Person) -> None:
    before = login(city, editor).body
    assert assign(city, "city_admin", editor.id, "city_admin").body["roles"] == ["city_admin"]
    assert call("whoami", token=before["accessToken"]).code == "TOKEN_REVOKED"
    after = refresh(before["refreshToken"])
    assert after.status == 200, after.body
    assert after.body["user"]["roles"] == ["city_admin"]
    assert "listings:approve" in call("whoami", token=after.body["accessToken"]).body["permissions"]
    assert call("logout", token=after.body["accessToken"]).status == 204
    assert refresh(after.body["refreshToken"]).code == "TOKEN_REVOKED"


def test_a_demoted_admin_cannot_go_on_with_old_tokens(city: City) -> None:
    admin = join(city, "city_admin")
    bodies = [login(city, admin).body for _ in range(2)]
    assign(city, "super_city_admin", admin.id, "citizen")
    assert {call("list-pending-listings", token=b["accessToken"]).status for b in bodies} == {401}
    assert (
        call("list-pending-listings", token=refresh(bodies[0]["refreshToken"]).body["accessToken"]).status
        == 403
    )


def test_a_token_is_refused_even_when_the_change_could_not_be_written_down(
    city: City, editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = login(city, editor).body
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "COMMIT NOTHING")
        assert assign(city, "city_admin", editor.id, "citizen").status == 500
    assert call("whoami", token=body["accessToken"]).code == "TOKEN_REVOKED"
    assert login(city, editor).body["user"]["roles"] == ["editor"]


def test_it_is_said_once_and_only_when_something_changed(city: City, editor: Person) -> None:
    body = login(city, editor).body
    assert assign(city, "city_admin", editor.id, "editor").status == 200
    assert city.events("role.changed") == []
    assert call("whoami", token=body["accessToken"]).status == 200
    assign(city, "city_admin", editor.id, "citizen", "editor", "citizen")
    [said] = city.events("role.changed")
    assert said.data == {"userId": str(editor.id), "roles": ["editor", "citizen"]}
    assert said.envelope.actor_id == str(city.person("city_admin"))


@pytest.mark.parametrize(
    ("by", "of", "to", "code"),
    [
        ("city_admin", "editor", "super_city_admin", "ROLE_NOT_GRANTABLE"),
        ("city_admin", "super_city_admin", "citizen", "ROLE_NOT_GRANTABLE"),
        ("super_city_admin", "editor", "super_admin", "ROLE_NOT_GRANTABLE"),
        ("super_admin", "editor", "super_admin", "ROLE_NOT_GRANTABLE"),
        ("editor", "citizen", "editor", "FORBIDDEN"),
    ],
)
def test_nobody_decides_about_a_role_above_their_own(
    city: City, by: str, of: str, to: str, code: str
) -> None:
    person = join(city, of)
    assert assign(city, by, person.id, to).code == code
    assert login(city, person).body["user"]["roles"] == [of]


def test_nobody_changes_their_own_roles(city: City) -> None:
    assert assign(city, "super_city_admin", city.person("super_city_admin"), "citizen").code == "OWN_ROLES"


def test_another_citys_people_do_not_exist_here(city: City, other_city: City, editor: Person) -> None:
    assert assign(other_city, "super_city_admin", editor.id, "citizen").code == "ACCOUNT_NOT_FOUND"
    assert assign(city, "super_city_admin", uuid4(), "citizen").code == "ACCOUNT_NOT_FOUND"
    assert login(city, editor).body["user"]["roles"] == ["editor"]


@pytest.mark.parametrize("roles", [[], ["anonymous"], ["king"], ["editor"] * 11, "editor", [None]])
def test_roles_that_make_no_sense_are_refused(city: City, editor: Person, roles: object) -> None:
    refused = city.call(
        "assign-role", "city_admin", path=f"/api/auth/users/{editor.id}/roles", body={"roles": roles}
    )
    assert refused.status == 422


def test_the_matrix_is_shown_with_what_the_caller_may_grant(city: City) -> None:
    def shown(by: str, where: City) -> dict[str, bool]:
        items = where.call("list-roles", by).body["items"]
        assert {item["role"]: set(item["permissions"]) for item in items} == MATRIX
        return {item["role"]: item["grantable"] for item in items}

    assert [role for role, may in shown("city_admin", city).items() if may] == [
        "city_admin",
        "editor",
        "citizen",
    ]
    assert not shown("super_admin", city)["super_admin"]
    assert shown("super_admin", City(PLATFORM))["super_admin"]
    assert city.call("list-roles", "editor").status == 403


def test_the_roles_of_the_api_are_those_of_the_matrix() -> None:
    assert set(Role.__args__) == set(MATRIX) - {ANONYMOUS}  # type: ignore[attr-defined]  # a Literal's words
