"""Logging in: who may, where, and how guessing is slowed down."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import bcrypt
import pytest

from functions.auth.sessions.throttle import FREE
from shared.adapters import redis
from shared.auth import signing
from shared.auth.rbac import permissions_of
from tests.auth.people import PASSWORD, accept, invite, join, link_token, login
from tests.support import Answer, City, call


def test_a_person_logs_in_and_gets_both_tokens(city: City) -> None:
    person = join(city, "editor")
    answer = login(city, person)
    assert answer.status == 200, answer.body
    assert answer.body["user"] == {
        "id": str(person.id),
        "name": "Ada Lenz",
        "roles": ["editor"],
        "tenantId": str(city.id),
    }
    assert answer.body["expiresIn"] == 7200
    access = signing.decode("access", answer.body["accessToken"])
    assert (access["sub"], access["tenantId"], access["roles"]) == (str(person.id), str(city.id), ["editor"])
    assert access["permissions"] == sorted(permissions_of(("editor",)))
    assert access["exp"] - access["iat"] == 7200
    renewal = signing.decode("refresh", answer.body["refreshToken"])
    assert renewal["exp"] - renewal["iat"] == 30 * 86400
    assert call("whoami", token=answer.body["accessToken"]).status == 200


def test_the_session_is_kept_in_postgres_and_marked_in_redis(city: City) -> None:
    person = join(city)
    renewal = signing.decode(
        "refresh", login(city, person, headers={"user-agent": "HEIDI/1.0 (Pixel)"}).body["refreshToken"]
    )
    [[session_id, agent]] = city.rows("auth", "SELECT id, user_agent FROM sessions")
    assert (str(session_id), agent) == (renewal["sid"], "HEIDI/1.0 (Pixel)")
    assert redis.command("GET", f"tenant:{city.id}:session:{session_id}").decode() == str(person.id)


def test_neither_password_nor_token_is_kept_readable(city: City) -> None:
    refresh_token = login(city, join(city)).body["refreshToken"]
    rows = repr(city.rows("auth", "SELECT a.*, s.* FROM accounts a JOIN sessions s ON s.account_id = a.id"))
    assert PASSWORD not in rows
    assert refresh_token not in rows
    assert "$2b$04$" in rows


def test_the_address_may_be_written_in_any_case(city: City) -> None:
    person = join(city, email="Ada.Lenz@Example.org")
    assert person.email == "ada.lenz@example.org"
    assert login(city, " ADA.LENZ@example.ORG ").status == 200


def refusals(city: City) -> dict[str, Answer]:
    locked, inactive, known = join(city), join(city), join(city)
    city.rows("auth", "UPDATE accounts SET state = 'locked' WHERE id = :id RETURNING 1", id=locked.id)
    city.rows("auth", "UPDATE accounts SET state = 'inactive' WHERE id = :id RETURNING 1", id=inactive.id)
    return {
        "wrong": login(city, known, "not the password"),
        "unknown": login(city, "nobody@example.org"),
        "locked": login(city, locked),
        "inactive": login(city, inactive),
    }


def test_wrong_unknown_locked_and_inactive_look_the_same(city: City) -> None:
    answers = [
        (a.status, a.code, a.body["error"]["message"], a.body["error"]["details"])
        for a in refusals(city).values()
    ]
    assert answers == [(401, "CREDENTIALS_WRONG", answers[0][2], {})] * 4


def test_every_refusal_costs_the_same_work(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[bytes] = []
    check = bcrypt.checkpw
    monkeypatch.setattr(
        bcrypt, "checkpw", lambda password, stored: work.append(stored[:7]) or check(password, stored)
    )
    refusals(city)
    assert work == [b"$2b$04$"] * 4


@pytest.mark.parametrize("long", ["x7" * 36 + "A" * 40, "äöü" * 80])
def test_a_long_password_counts_to_its_last_letter(city: City, long: str) -> None:
    invite(city, email="long@example.org")
    assert accept(link_token(city), long + "qkw1").status == 201
    assert login(city, "long@example.org", long + "qkw1").status == 200
    assert login(city, "long@example.org", long + "qkw2").status == 401
    assert login(city, "long@example.org", long[:72]).status == 401


def test_it_does_not_matter_how_a_keyboard_composes_its_letters(city: City) -> None:
    invite(city, email="umlaut@example.org")
    accept(link_token(city), unicodedata.normalize("NFC", "Überfüllte Bööte"))
    assert login(city, "umlaut@example.org", unicodedata.normalize("NFD", "Überfüllte Bööte")).status == 200


def test_the_city_is_named_by_host_header_or_body(city: City) -> None:
    person = join(city)
    who = {"email": person.email, "password": PASSWORD}
    own = city.tenant.slug
    assert call("login", body=who, host=f"{own}.localhost:8080").status == 200
    assert call("login", body=who, tenant=own).status == 200
    assert call("login", body=who | {"tenantId": own}).status == 200
    assert (
        call(
            "login",
            body=who | {"tenantId": str(city.id).upper()},
            host=f"{own}.localhost",
            tenant=str(city.id),
        ).status
        == 200
    )
    assert call("login", body=who).code == "TENANT_REQUIRED"
    assert call("login", body=who | {"tenantId": "nowhere'; --"}).code == "UNKNOWN_TENANT"


def test_host_header_and_body_must_agree(city: City, other_city: City) -> None:
    who = {"email": join(city).email, "password": PASSWORD, "tenantId": city.tenant.slug}
    foreign = other_city.tenant.slug
    assert call("login", body=who, host=f"{foreign}.localhost").code == "TENANT_MISMATCH"
    assert call("login", body=who, tenant=foreign).code == "TENANT_MISMATCH"


def test_an_account_opens_only_its_own_city(city: City, other_city: City) -> None:
    person = join(city)
    assert login(other_city, person).status == 401


def test_the_same_address_is_another_account_in_another_city(city: City, other_city: City) -> None:
    here, there = (
        join(city, "city_admin", "both@example.org"),
        join(other_city, "citizen", "both@example.org"),
    )
    assert here.id != there.id
    assert login(other_city, there).body["user"]["roles"] == ["citizen"]


def test_a_city_that_is_switched_off_lets_nobody_in() -> None:
    with City.known("schlafstadt", active=False) as asleep:
        assert login(asleep, "a@example.org").code == "TENANT_INACTIVE"


def test_after_some_failures_the_brake_holds_even_the_right_password(city: City) -> None:
    person = join(city)
    assert [login(city, person, "wrong").status for _ in range(FREE["pair"] + 1)] == [401] * (
        FREE["pair"] + 1
    )
    braked = login(city, person)
    assert (braked.status, braked.code) == (429, "TOO_MANY_ATTEMPTS")
    assert 0 < int(braked.headers["Retry-After"]) <= 30
    assert login(city, join(city)).status == 200  # others at the same address go on


def waited(city: City) -> None:
    """As if the wait were over."""
    for key in redis.command("KEYS", f"tenant:{city.id}:login:*:wait"):
        redis.command("DEL", key)


def test_each_further_failure_doubles_the_wait(city: City) -> None:
    waits = []
    for _ in range(FREE["pair"]):
        login(city, "somebody@example.org", "wrong")
    for _ in range(7):
        assert login(city, "somebody@example.org", "wrong").status == 401
        waits.append(int(login(city, "somebody@example.org", "wrong").headers["Retry-After"]))
        waited(city)
    assert [round(wait / 30) for wait in waits] == [1, 2, 4, 8, 16, 30, 30]


def test_the_brake_says_nothing_about_whether_an_account_exists(city: City) -> None:
    person = join(city)
    known = [login(city, person, "wrong").status for _ in range(8)]
    unknown = [login(city, "nobody@example.org", "wrong").status for _ in range(8)]
    assert known == unknown


def test_a_success_forgives_earlier_failures(city: City) -> None:
    person = join(city)
    for _ in range(3):
        assert [login(city, person, "wrong").status for _ in range(4)] == [401] * 4
        assert login(city, person).status == 200


def test_guesses_from_many_addresses_are_counted_per_account(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = join(city)
    monkeypatch.setattr("shared.context.client_address", lambda _: f"2001:db8::{uuid4().hex[:4]}")
    guesses = [login(city, person, "wrong") for _ in range(FREE["account"] + 2)]
    assert [guess.status for guess in guesses] == [401] * (FREE["account"] + 1) + [200]
    # no answer says any more whether a password was right
    assert "mailed_code" in guesses[-1].body["factors"]


def test_one_address_trying_many_accounts_is_counted_too(city: City) -> None:
    statuses = [login(city, f"p{n}@example.org", "wrong").status for n in range(FREE["address"] + 2)]
    assert statuses == [401] * (FREE["address"] + 1) + [429]


def test_guesses_at_the_same_moment_do_not_slip_through(city: City) -> None:
    person = join(city)
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: login(city, person, "wrong").status, range(24)))
    assert statuses.count(401) == FREE["pair"] + 1
    assert statuses.count(429) == 24 - FREE["pair"] - 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "a@example.org"},
        {"password": "x"},
        {"email": "no address", "password": "x"},
        {"email": "a@example.org", "password": ""},
        {"email": "a@example.org", "password": "x" * 1001},
        {"email": "a@example.org", "password": "x", "roles": ["super_admin"]},
        {"email": ["a@example.org"], "password": {"x": 1}},
        {"email": "a@example.org", "password": "x", "tenantId": ""},
    ],
)
def test_credentials_that_make_no_sense_are_refused_without_repeating_them(
    city: City, body: dict[str, object]
) -> None:
    refused = call("login", body=body, tenant=city.tenant.slug)
    assert (refused.status, refused.code) == (422, "VALIDATION_FAILED")
    assert "xxx" not in refused.raw.decode()
