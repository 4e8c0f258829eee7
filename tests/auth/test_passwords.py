"""A new password: with a mailed link, or with the old one; and what ends with the old one."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from functions.auth.mails import TO_ONE_ADDRESS
from functions.auth.one_time_tokens import new_token
from functions.auth.sessions.throttle import FREE
from shared.auth import signing
from shared.tenancy import tenants
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import (
    PASSWORD,
    Person,
    forget,
    is_in,
    join,
    letters,
    link_in,
    link_token,
    login,
    refresh,
    reset,
)
from tests.auth.work import cost
from tests.support import Answer, City, call

NEW = "Laterne Quark Segel 7"


@pytest.fixture
def person(city: City) -> Person:
    return join(city)


def change(body: dict[str, str], new: str = NEW, current: str = PASSWORD, **parts: Any) -> Answer:
    return call(
        "change-password",
        token=body["accessToken"],
        body={"currentPassword": current, "newPassword": new},
        **parts,
    )


def dead(body: dict[str, str]) -> bool:
    return not is_in(body) and refresh(body["refreshToken"]).code == "TOKEN_REVOKED"


def test_a_forgotten_password_is_replaced_with_a_mailed_link(city: City, person: Person) -> None:
    asked = forget(city, person.email.upper())
    assert (asked.status, asked.body) == (202, {"status": "reset_sent"})
    assert letters(city)[-1] == ("reset_password", person.email)
    done = reset(link_token(city))
    assert (done.status, done.raw) == (204, b"")
    assert login(city, person).status == 401
    assert login(city, person, NEW).status == 200
    assert city.events("password.changed")[0].data == {"userId": str(person.id), "how": "reset"}
    assert letters(city)[-1] == ("password_changed", person.email)


def test_known_unknown_and_locked_are_answered_alike(city: City, person: Person) -> None:
    locked = join(city)
    city.rows("auth", "UPDATE accounts SET state = 'locked' WHERE id = :id RETURNING 1", id=locked.id)
    answers = [forget(city, email) for email in (person.email, "nobody@example.org", locked.email)]
    assert [(a.status, a.body, set(a.headers)) for a in answers] == [
        (202, {"status": "reset_sent"}, set(answers[0].headers))
    ] * 3
    assert "nobody@example.org" not in {address for _, address in letters(city)}


def test_known_and_unknown_cost_the_same_work(city: City, person: Person) -> None:
    def ask(email: str) -> Answer:
        return call("forgot-password", body={"email": email}, tenant=city.tenant.slug)

    ask("first@example.org")
    assert cost(lambda: ask(person.email)) == cost(lambda: ask("nobody@example.org"))
    # what is written is the same, too
    assert [list(event.data) for event in city.events("password.forgotten")] == [["email"]] * 3


def test_a_reset_ends_every_session_at_the_next_call(city: City, person: Person) -> None:
    sessions = [login(city, person).body for _ in range(2)]
    colleague = login(city, join(city)).body
    forget(city, person.email)
    reset(link_token(city))
    assert all(dead(body) for body in sessions)
    assert is_in(colleague)


def test_a_reset_opens_no_locked_account(city: City, person: Person) -> None:
    city.rows("auth", "UPDATE accounts SET state = 'locked' RETURNING 1")
    forget(city, person.email)
    assert reset(link_token(city)).status == 204
    assert login(city, person, NEW).status == 401
    assert city.rows("auth", "SELECT state FROM accounts") == [["locked"]]


def test_a_link_works_once_even_when_it_is_followed_twice_at_once(city: City, person: Person) -> None:
    forget(city, person.email)
    token = link_token(city)
    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(pool.map(lambda _: reset(token).status, range(6)))
    assert statuses == [204] + [410] * 5
    assert len(city.events("password.changed")) == 1


def test_a_link_expires_after_an_hour(city: City, person: Person) -> None:
    forget(city, person.email)
    assert city.rows("auth", "SELECT expires_at - created_at = interval '1 hour' FROM password_resets") == [
        [True]
    ]
    city.rows("auth", "UPDATE password_resets SET expires_at = now() - interval '1 second' RETURNING 1")
    assert reset(link_token(city)).code == "LINK_INVALID"


def test_a_newer_link_replaces_the_earlier_one(city: City, person: Person) -> None:
    forget(city, person.email)
    earlier = link_token(city)
    forget(city, person.email)
    assert reset(earlier).code == "LINK_INVALID"
    assert reset(link_token(city)).status == 204


def test_an_address_is_sent_only_some_links_an_hour_and_the_last_one_works(
    city: City, person: Person
) -> None:
    before = len(letters(city))
    assert {forget(city, person.email).status for _ in range(TO_ONE_ADDRESS + 3)} == {202}
    assert len(letters(city)) == before + TO_ONE_ADDRESS
    assert reset(link_token(city)).status == 204


def test_reading_a_link_does_not_use_it_up_nor_does_a_weak_password(city: City, person: Person) -> None:
    forget(city, person.email)
    token = link_token(city)
    assert (
        call("reset-password", method="GET", path="/api/auth/reset-password", query=f"token={token}").status
        == 405
    )
    for password, code in (
        ("kurz", "PASSWORD_TOO_SHORT"),
        ("Passwort1234", "PASSWORD_TOO_COMMON"),
        ("ada.lenz@2026", "PASSWORD_TOO_PERSONAL"),
    ):
        refused = reset(token, password)
        assert (refused.status, refused.code) == (422, code)
        assert password not in refused.raw.decode()
    assert reset(token).status == 204


def test_a_link_of_one_city_opens_no_other(city: City, other_city: City, person: Person) -> None:
    there = join(other_city, email=person.email)
    forget(city, person.email)
    token = link_token(city)
    assert reset(token, host=f"{other_city.tenant.slug}.localhost").code == "TENANT_MISMATCH"
    assert reset(new_token(other_city.id)).code == "LINK_INVALID"
    assert reset(token).status == 204
    assert login(other_city, there).status == 200


@pytest.mark.parametrize("token", ["", "x", "A" * 64, "Ä" * 64, "A" * 5000, "=" * 64])
def test_a_link_that_was_cut_off_is_refused(token: str) -> None:
    assert reset(token).code in ("LINK_INVALID", "VALIDATION_FAILED", "UNKNOWN_TENANT", "UNAVAILABLE")


def test_the_token_is_kept_as_a_hash_and_the_link_leads_to_our_own_address(
    city: City, person: Person
) -> None:
    for parts in ({"host": "evil.example"}, {"headers": {"x-forwarded-host": "evil.example"}}):
        forget(city, person.email, **parts)
        assert link_in(city.events("notification.requested")[-1]).startswith(
            "http://127.0.0.1:8080/links/reset-password#token="
        )
    assert link_token(city) not in repr(city.rows("auth", "SELECT * FROM password_resets"))


@pytest.mark.parametrize(
    "more",
    [{"userId": str(uuid4())}, {"email": "x@example.org"}, {"state": "active"}, {"roles": ["super_admin"]}],
)
def test_a_link_says_whose_password_it_is_and_nothing_else_does(
    city: City, person: Person, more: dict[str, object]
) -> None:
    forget(city, person.email)
    assert (
        call("reset-password", body={"token": link_token(city), "password": NEW} | more).code
        == "VALIDATION_FAILED"
    )
    assert login(city, person).status == 200


def test_whoever_knows_the_password_changes_it_and_stays_in(city: City, person: Person) -> None:
    here, there = login(city, person).body, login(city, person).body
    assert change(here).status == 204
    assert dead(there)
    assert is_in(here)
    assert refresh(here["refreshToken"]).status == 200
    assert login(city, person).status == 401
    assert login(city, person, NEW).status == 200
    assert city.events("password.changed")[0].data == {"userId": str(person.id), "how": "changed"}
    assert letters(city)[-1] == ("password_changed", person.email)


def test_a_stolen_token_without_the_password_changes_nothing(city: City, person: Person) -> None:
    body = login(city, person).body
    refused = change(body, current="not the password")
    assert (refused.status, refused.code) == (422, "CURRENT_PASSWORD_WRONG")
    assert login(city, person).status == 200
    assert city.events("password.changed") == []


def test_guessing_the_current_password_is_slowed_down_like_logging_in(city: City, person: Person) -> None:
    body = login(city, person).body
    guesses = [change(body, current="wrong").status for _ in range(FREE["pair"] + 2)]
    assert guesses == [422] * (FREE["pair"] + 1) + [429]
    # another's guesses with a session of theirs do not keep the owner out
    assert login(city, person).status == 200


def test_a_key_of_an_earlier_change_is_good_for_no_other_password(city: City, person: Person) -> None:
    token, key = login(city, person).body["accessToken"], {"idempotency-key": "once"}
    first, second = "Laterne Quark Segel 7", "Gabel Moor Zelt 5 Rost"
    body = {"currentPassword": PASSWORD, "newPassword": first}
    assert [call("change-password", token=token, body=body, headers=key).status for _ in range(2)] == [
        204,
        204,
    ]
    other = call(
        "change-password", token=token, body={"currentPassword": first, "newPassword": second}, headers=key
    )
    assert other.code == "IDEMPOTENCY_KEY_REUSED"
    assert "Laterne" not in repr(city.rows("auth", "SELECT * FROM idempotency"))


def test_a_weak_new_password_is_refused_and_is_no_guess(city: City, person: Person) -> None:
    body = login(city, person).body
    assert [change(body, "kurz").code for _ in range(FREE["pair"] + 2)] == ["PASSWORD_TOO_SHORT"] * (
        FREE["pair"] + 2
    )
    assert change(body).status == 204


def test_of_two_changes_at_once_one_wins(city: City, person: Person) -> None:
    body = login(city, person).body
    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(lambda new: change(body, new).status, (NEW, "Wolle Tiegel Uhu 5")))
    assert statuses == [204, 422]


def test_a_change_makes_a_mailed_link_void(city: City, person: Person) -> None:
    forget(city, person.email)
    token = link_token(city)
    change(login(city, person).body)
    assert reset(token).code == "LINK_INVALID"


def test_nobody_changes_a_password_in_anothers_name(city: City, person: Person) -> None:
    token, _ = signing.issue(
        "access", person.id, city.id, ["editor"], uuid4(), now=time.time(), act={"sub": str(uuid4())}
    )
    assert change({"accessToken": token}).code == "IN_PERSON_ONLY"
    assert login(city, person).status == 200


def test_a_super_admin_at_work_in_a_city_changes_their_own_password(city: City) -> None:
    platform = City(PLATFORM)
    boss = join(platform, "super_admin")
    assert change(login(platform, boss).body, tenant=city.tenant.slug).status == 204
    assert login(platform, boss, NEW).status == 200


def test_sessions_whose_end_could_not_be_written_down_are_refused_all_the_same(
    city: City, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = login(city, person).body
    forget(city, person.email)
    token = link_token(city)
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "COMMIT NOTHING")
        assert reset(token).status == 500
    assert not is_in(body)
    assert reset(token).status == 204


def test_no_password_is_in_an_event(city: City, person: Person) -> None:
    change(login(city, person).body)
    assert NEW not in "".join(event.text for event in city.events())


def test_whoever_has_not_accepted_new_terms_may_still_protect_their_account(
    city: City, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there, lost = (login(city, person).body for _ in range(3))
    [session] = [
        s["id"] for s in call("list-sessions", token=lost["accessToken"]).body["items"] if s["current"]
    ]
    stricter = (float("inf"), city.tenant.model_copy(update={"terms": 1}))
    for name in (city.tenant.slug, str(city.id)):
        monkeypatch.setitem(tenants.memory, name, stricter)
    assert (
        call("revoke-session", path=f"/api/auth/sessions/{session}", token=here["accessToken"]).status == 204
    )
    assert change(here).status == 204
    assert call("logout", token=here["accessToken"]).status == 204
    assert dead(there)
    assert call("logout-everywhere", token=login(city, person, NEW).body["accessToken"]).status == 204
