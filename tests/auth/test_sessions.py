"""One's sessions: seeing them, and ending them for good."""

from typing import Any
from uuid import uuid4

import pytest

from shared.adapters import redis
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import Person, join, login, refresh
from tests.support import Answer, City, call


@pytest.fixture
def person(city: City) -> Person:
    return join(city, "city_admin")


def dead(body: dict[str, str]) -> bool:
    """Whether both tokens are refused; one of them alone would be a mistake."""
    answers = [call("whoami", token=body["accessToken"]), refresh(body["refreshToken"])]
    refused = {a.status == 401 and a.code == "TOKEN_REVOKED" for a in answers}
    assert len(refused) == 1, answers
    return refused == {True}


def revoke(body: dict[str, str], session_id: object) -> Answer:
    return call("revoke-session", path=f"/api/auth/sessions/{session_id}", token=body["accessToken"])


def sessions(body: dict[str, str], query: str = "") -> dict[str, list[dict[str, Any]]]:
    answer = call("list-sessions", token=body["accessToken"], query=query)
    assert answer.status == 200, answer.body
    found: dict[str, list[dict[str, Any]]] = answer.body
    return found


def test_logout_ends_both_tokens_of_this_session_only(city: City, person: Person) -> None:
    here, there = login(city, person).body, login(city, person).body
    assert call("logout", token=here["accessToken"]).status == 204
    assert dead(here)
    assert not dead(there)
    assert len(redis.command("KEYS", f"tenant:{city.id}:session:*")) == 1


def test_logout_works_for_a_session_that_no_row_knows(city: City) -> None:
    token = city.token("editor")
    assert call("logout", token=token).status == 204
    assert call("logout", token=token).code == "TOKEN_REVOKED"


def test_logout_everywhere_ends_all_sessions_of_this_person_only(city: City, person: Person) -> None:
    mine = [login(city, person).body for _ in range(3)]
    colleague = login(city, join(city)).body
    assert call("logout-everywhere", token=mine[0]["accessToken"]).status == 204
    assert all(dead(body) for body in mine)
    assert not dead(colleague)


@pytest.mark.parametrize("name", ["logout", "logout-everywhere"])
def test_a_session_whose_end_could_not_be_written_down_is_refused_all_the_same(
    person: Person, city: City, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = login(city, person).body
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "COMMIT NOTHING")
        assert call(name, token=body["accessToken"]).status == 500
    assert call("whoami", token=body["accessToken"]).code == "TOKEN_REVOKED"
    assert refresh(body["refreshToken"]).status == 200


def test_a_person_sees_where_they_are_logged_in(city: City, person: Person) -> None:
    login(city, person, headers={"user-agent": "Phone"})
    laptop = login(city, person, headers={"user-agent": "Laptop\x1b[31m" + "x" * 500}).body
    login(city, join(city))
    shown = sessions(laptop)["items"]
    assert [(s["userAgent"][:6], s["current"]) for s in shown] == [("Laptop", True), ("Phone", False)]
    assert all(len(s["userAgent"]) <= 200 for s in shown)
    assert set(shown[0]) == {"id", "current", "userAgent", "createdAt", "usedAt", "expiresAt"}


def test_the_list_is_paged(city: City, person: Person) -> None:
    bodies = [login(city, person).body for _ in range(5)]
    seen, query = [], "limit=2"
    while query:
        page = sessions(bodies[0], query)
        seen += [s["id"] for s in page["items"]]
        query = f"limit=2&cursor={page['nextCursor']}" if page["nextCursor"] else ""
    assert len(seen) == len(set(seen)) == 5


def test_a_lost_phone_is_logged_out_from_the_laptop(city: City, person: Person) -> None:
    phone, laptop = login(city, person).body, login(city, person).body
    [other] = [s["id"] for s in sessions(laptop)["items"] if not s["current"]]
    assert revoke(laptop, other).status == 204
    assert dead(phone)
    assert [s["current"] for s in sessions(laptop)["items"]] == [True]
    assert revoke(laptop, other).code == "SESSION_NOT_FOUND"


def test_nobody_ends_somebody_elses_session(city: City, other_city: City, person: Person) -> None:
    mine, colleague = login(city, person).body, login(city, join(city)).body
    foreigner = login(other_city, join(other_city, "city_admin")).body
    [session_id] = [s["id"] for s in sessions(mine)["items"]]
    for body in (colleague, foreigner):
        assert revoke(body, session_id).code == "SESSION_NOT_FOUND"
    assert revoke(mine, uuid4()).status == 404
    assert not dead(mine)


def test_whoami_says_what_the_person_may_do_and_where(city: City, person: Person) -> None:
    answer = call(
        "whoami", token=login(city, person).body["accessToken"], host=f"{city.tenant.slug}.localhost"
    )
    assert answer.body["email"] == person.email
    assert answer.body["roles"] == ["city_admin"]
    assert "listings:approve" in answer.body["permissions"]
    assert answer.body["tenant"] == {"id": str(city.id), "slug": city.tenant.slug, "name": city.tenant.name}
    assert call("whoami", token=city.token("editor")).code == "ACCOUNT_NOT_FOUND"


def test_a_super_admin_works_in_a_city_but_lives_on_the_platform(city: City) -> None:
    platform = City(PLATFORM)
    boss = join(platform, "super_admin")
    body = login(platform, boss).body
    here = {"token": body["accessToken"], "tenant": city.tenant.slug}
    answer = call("whoami", **here)
    assert (answer.body["tenantId"], answer.body["tenant"]["id"]) == (str(PLATFORM.id), str(city.id))
    assert len(call("list-sessions", **here).body["items"]) == 1
    assert refresh(body["refreshToken"], tenant=city.tenant.slug).status == 200
    assert call("logout", **here).status == 204
    assert dead(body)
