"""Working on a password takes long on purpose; nobody's work keeps others from their connections or their
turn.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import bcrypt
import pytest

from functions.auth.password import PROCESSORS
from shared.db.pg import pool
from shared.kit.settings import settings
from shared.kit.shares import Whose
from tests.auth.people import (
    PASSWORD,
    Person,
    accept,
    forget,
    invite,
    join,
    link_token,
    login,
    register,
    reset,
)
from tests.gateway.support import eventually
from tests.support import City, call

NEW = "Laterne Quark Segel 7"


@pytest.fixture
def lent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections were lent each time that bcrypt was at work."""
    shares, found = pool(settings().postgres_database_prefix + "auth").shares, list[int]()

    def watched(work: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: found.append(settings().postgres_pool_size - shares.free) or work(*given)

    for name in ("checkpw", "hashpw"):
        monkeypatch.setattr(bcrypt, name, watched(getattr(bcrypt, name)))
    return found


def change(city: City, access: str) -> int:
    return call(
        "change-password",
        body={"currentPassword": PASSWORD, "newPassword": NEW},
        token=access,
        tenant=city.tenant.slug,
    ).status


def test_whoever_works_on_a_password_holds_no_connection(city: City, lent: list[int]) -> None:
    assert register(city, "neu@example.org").status == 202
    invite(city)
    assert accept(link_token(city)).status == 201
    owner = join(city)
    assert login(city, owner, "wrong").status == 401
    access = login(city, owner).body["accessToken"]
    assert change(city, access) == 204
    forget(city, owner.email)
    assert reset(link_token(city)).status == 204
    access = login(city, owner, NEW).body["accessToken"]
    assert call("enrol-second-factor", body={"password": NEW}, token=access).status == 201
    assert Counter(lent) == {0: len(lent)}
    assert len(lent) >= 8


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No comparison of passwords ends before this is set."""
    go_on, compared = threading.Event(), bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda *given: go_on.wait(120) and compared(*given))
    monkeypatch.setattr("functions.auth.password.PATIENCE", 30.0)
    yield go_on
    go_on.set()


def test_one_addresss_logins_leave_places_to_others_and_the_city_its_connections(
    city: City, held: threading.Event
) -> None:
    owner = join(city)
    with ThreadPoolExecutor(41) as threads:
        flood = [threads.submit(login, city, f"{n}@example.org", address="198.51.100.1") for n in range(40)]
        eventually(lambda: sum(each.done() for each in flood) + len(PROCESSORS.line) == 40)
        waits = threads.submit(login, city, owner, address="198.51.100.2")
        eventually(lambda: Whose("198.51.100.2") in [place.whose for place in PROCESSORS.line])
        assert call("list-sessions", token=city.token("editor")).status == 200
        held.set()
        assert waits.result().status == 200
    answers = Counter((each.result().status, each.result().code) for each in flood)
    assert answers.keys() == {(503, "BUSY"), (401, "CREDENTIALS_WRONG")}
    assert answers[401, "CREDENTIALS_WRONG"] <= PROCESSORS.places / 2 + 1


def overtaken(city: City, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the account's password is another one by the time that it has been compared."""
    compared = bcrypt.checkpw

    def compare(*given: bytes) -> bool:
        other = city.sql("auth")
        other.run(
            "UPDATE accounts SET password_hash = :another WHERE id = :id",
            id=person.id,
            another=bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode(),
        )
        other.commit()
        return compared(*given)

    monkeypatch.setattr(bcrypt, "checkpw", compare)


def test_a_password_that_was_changed_while_it_was_compared_lets_nobody_in(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = join(city)
    overtaken(city, owner, monkeypatch)
    assert (answer := login(city, owner)).status == 401, answer.body


def test_a_password_that_was_changed_while_it_was_compared_proves_nothing(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = join(city)
    access = login(city, owner).body["accessToken"]
    overtaken(city, owner, monkeypatch)
    assert change(city, access) == 422
    assert call("enrol-second-factor", body={"password": PASSWORD}, token=access).code == "PROOF_WRONG"
