"""Locking and deactivating accounts: out at the next call, everywhere, and back in only when both are undone."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.adapters import redis
from shared.errors import Unavailable
from tests.auth.people import Person, is_in, join, letters, login, refresh, said
from tests.support import Answer, City, Said, call, deliver


@pytest.fixture
def person(city: City) -> Person:
    return join(city)


def lock(city: City, who: object, by: str = "city_admin", **body: str) -> Answer:
    return city.call("lock-account", by, path=f"/api/auth/users/{who}/lock", body=body or None)


def unlock(city: City, who: object, by: str = "city_admin") -> Answer:
    return city.call("unlock-account", by, path=f"/api/auth/users/{who}/unlock")


def standing(city: City, person: Person, verb: str, seconds: int = 0) -> Said:
    """That somebody was deactivated or reactivated, so many seconds from now."""
    event = said(city, f"user.{verb}", {"userId": str(person.id)})
    return said(
        city, f"user.{verb}", {"userId": str(person.id)}, event.envelope.time + timedelta(seconds=seconds)
    )


def test_a_locked_person_is_out_at_the_next_call_and_cannot_come_back(city: City, person: Person) -> None:
    body, colleague = login(city, person).body, login(city, join(city)).body
    assert lock(city, person.id, reason="Konto wird missbraucht").status == 204
    assert call("whoami", token=body["accessToken"]).code == "TOKEN_REVOKED"
    assert refresh(body["refreshToken"]).code == "TOKEN_REVOKED"
    assert login(city, person).code == "CREDENTIALS_WRONG"
    assert is_in(colleague)


def test_a_token_that_no_session_knows_is_refused_too(city: City, person: Person) -> None:
    city.people["editor"] = person.id
    token = city.token("editor")
    assert call("whoami", token=token).status == 200
    lock(city, person.id)
    assert call("whoami", token=token).code == "TOKEN_REVOKED"


def test_the_owner_is_told_why_and_nobody_else_is(city: City, person: Person) -> None:
    lock(city, person.id, reason="Konto wird missbraucht")
    assert letters(city)[-1] == ("account_locked", person.email)
    assert city.events("notification.requested")[-1].data["values"] == {
        "city": city.tenant.name,
        "reason": "Konto wird missbraucht",
    }
    [heard] = city.events("account.locked")
    assert heard.data == {"userId": str(person.id)}
    assert "missbraucht" not in repr(city.rows("auth", "SELECT * FROM accounts")) + repr(city.changes("auth"))


def test_an_unlocked_person_logs_in_again(city: City, person: Person) -> None:
    body = login(city, person).body
    lock(city, person.id)
    assert unlock(city, person.id).status == 204
    assert [event.type for event in city.events() if event.type.startswith("account.")] == [
        "account.locked",
        "account.unlocked",
    ]
    assert not is_in(body)
    assert is_in(login(city, person).body)


def test_done_twice_is_done_once(city: City, person: Person) -> None:
    assert [act(city, person.id).status for act in (unlock, lock, lock, unlock, unlock)] == [204] * 5
    assert len(city.events("account.locked")) == len(city.events("account.unlocked")) == 1
    assert letters(city).count(("account_locked", person.email)) == 1


def test_nobody_locks_themselves(city: City) -> None:
    admin = join(city, "city_admin")
    city.people["city_admin"] = admin.id
    assert lock(city, admin.id).code == "OWN_ACCOUNT"
    assert unlock(city, admin.id).code == "OWN_ACCOUNT"
    assert login(city, admin).status == 200


@pytest.mark.parametrize(
    ("by", "role", "status"),
    [
        ("city_admin", "citizen", 204),
        ("city_admin", "city_admin", 204),
        ("city_admin", "super_city_admin", 403),
        ("super_city_admin", "super_city_admin", 204),
        ("super_admin", "super_city_admin", 204),
        ("editor", "citizen", 403),
        ("citizen", "citizen", 403),
    ],
)
def test_nobody_locks_somebody_above_them(city: City, by: str, role: str, status: int) -> None:
    other = join(city, role)
    assert lock(city, other.id, by).status == status
    assert login(city, other).status == (401 if status == 204 else 200)
    assert unlock(city, other.id, by).status == status


def test_a_foreign_account_is_not_there(city: City, other_city: City, person: Person) -> None:
    for who in (person.id, uuid4()):
        assert lock(other_city, who).code == unlock(other_city, who).code == "ACCOUNT_NOT_FOUND"
    assert login(city, person).status == 200


@pytest.mark.parametrize(
    "body", [{"state": "inactive"}, {"reason": "x" * 501}, {"reason": ["x"]}, {"roles": []}]
)
def test_a_lock_takes_nothing_but_a_reason(city: City, person: Person, body: dict[str, object]) -> None:
    assert (
        city.call("lock-account", "city_admin", path=f"/api/auth/users/{person.id}/lock", body=body).code
        == "VALIDATION_FAILED"
    )


def test_a_lock_that_could_not_be_written_down_has_ended_the_sessions_all_the_same(
    city: City, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = login(city, person).body
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "COMMIT NOTHING")
        assert lock(city, person.id).status == 500
    assert not is_in(body)


def test_whoever_is_deactivated_is_out_at_the_next_call(city: City, person: Person) -> None:
    body = login(city, person).body
    event = standing(city, person, "deactivated")
    assert [deliver("follow-deactivation", event).status for _ in range(2)] == [204, 204]
    assert not is_in(body)
    assert refresh(body["refreshToken"]).code == "TOKEN_REVOKED"
    assert login(city, person).code == "CREDENTIALS_WRONG"


def test_whoever_is_reactivated_logs_in_again(city: City, person: Person) -> None:
    deliver("follow-deactivation", standing(city, person, "deactivated"))
    deliver("follow-deactivation", standing(city, person, "reactivated", 1))
    assert is_in(login(city, person).body)


@pytest.mark.parametrize(
    ("newer", "older", "status"), [("reactivated", "deactivated", 200), ("deactivated", "reactivated", 401)]
)
def test_an_older_event_that_arrives_late_does_not_win(
    city: City, person: Person, newer: str, older: str, status: int
) -> None:
    body = login(city, person).body
    for event in (standing(city, person, newer, 5), standing(city, person, older)):
        assert deliver("follow-deactivation", event).status == 204
    assert login(city, person).status == status
    assert is_in(body) == (status == 200)


def test_a_reactivation_opens_no_lock_and_an_unlock_no_deactivated_account(
    city: City, person: Person
) -> None:
    lock(city, person.id)
    deliver("follow-deactivation", standing(city, person, "deactivated"))
    deliver("follow-deactivation", standing(city, person, "reactivated", 1))
    assert login(city, person).status == 401
    deliver("follow-deactivation", standing(city, person, "deactivated", 2))
    unlock(city, person.id)
    assert login(city, person).status == 401
    deliver("follow-deactivation", standing(city, person, "reactivated", 3))
    assert is_in(login(city, person).body)


def test_a_lock_of_a_deactivated_account_outlasts_the_deactivation(city: City, person: Person) -> None:
    deliver("follow-deactivation", standing(city, person, "deactivated"))
    lock(city, person.id)
    deliver("follow-deactivation", standing(city, person, "reactivated", 1))
    assert login(city, person).status == 401
    unlock(city, person.id)
    assert is_in(login(city, person).body)


def test_a_deactivation_said_in_another_city_changes_nothing_here(
    city: City, other_city: City, person: Person
) -> None:
    assert deliver("follow-deactivation", standing(other_city, person, "deactivated")).status == 204
    assert login(city, person).status == 200


def redis_is_away_for(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Redis answers everything until somebody is to be let in again: it goes away at exactly that moment."""
    real = redis.command

    def command(*words: object) -> object:
        if words[0] == "DEL" and word in str(words[1]):
            raise Unavailable(dependency="redis")
        return real(*words)

    monkeypatch.setattr(redis, "command", command)


def test_an_unlocked_person_comes_in_by_the_event_where_redis_was_away(
    city: City, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(city, person.id)
    with monkeypatch.context() as patched:
        redis_is_away_for(patched, "barred")
        assert unlock(city, person.id).status == 204
        [event] = city.events("account.unlocked")
        assert deliver("follow-deactivation", event).status == 503  # the broker tries again
        assert not is_in(login(city, person).body)
    assert deliver("follow-deactivation", event).status == 204
    assert is_in(login(city, person).body)


def test_an_unlocking_that_could_not_be_written_down_lets_no_token_in(
    city: City, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    city.people["editor"] = person.id
    token = city.token("editor")
    lock(city, person.id)
    with monkeypatch.context() as broken:
        broken.setattr("shared.db.sql.COMMIT", "COMMIT NOTHING")
        assert unlock(city, person.id).status == 500
    assert call("whoami", token=token).code == "TOKEN_REVOKED"
    assert unlock(city, person.id).status == 204
    assert call("whoami", token=token).status == 200


@pytest.mark.parametrize("how", ["lock", "deactivation"])
def test_an_unlocking_that_is_heard_late_opens_nothing(city: City, person: Person, how: str) -> None:
    city.people["editor"] = person.id
    lock(city, person.id)
    unlock(city, person.id)
    [event] = city.events("account.unlocked")
    lock(city, person.id) if how == "lock" else deliver(
        "follow-deactivation", standing(city, person, "deactivated")
    )
    assert deliver("follow-deactivation", event).status == 204
    assert call("whoami", token=city.token("editor")).code == "TOKEN_REVOKED"


def test_a_reactivation_is_tried_again_until_the_person_can_come_back(
    city: City, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deliver("follow-deactivation", standing(city, person, "deactivated")).status == 204
    event = standing(city, person, "reactivated", 1)
    with monkeypatch.context() as patched:
        redis_is_away_for(patched, "barred")
        assert deliver("follow-deactivation", event).status == 503  # the broker tries again
    assert deliver("follow-deactivation", event).status == 204
    assert is_in(login(city, person).body)
