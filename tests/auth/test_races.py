"""What happens at the same moment: nobody leaves with what was taken away a moment before."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import pytest

from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import PASSWORD, Person, forget, join, link_token, login, refresh, reset
from tests.auth.test_guests import come_back, expire, idle
from tests.auth.test_guests import register as device
from tests.support import Answer, City, call, superuser

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = :database AND wait_event_type = 'Lock'"
LOCK = "UPDATE accounts SET state = 'locked', locked_at = now() WHERE id = :id RETURNING 1"
END = "UPDATE sessions SET revoked_at = now() WHERE account_id = :id RETURNING 1"
DEMOTE = "UPDATE accounts SET roles = '{citizen}', updated_at = now() WHERE id = :id RETURNING 1"
HOLD = "SELECT 1 FROM accounts WHERE id = :id FOR UPDATE"
CONVERT = (
    "UPDATE accounts SET kind = 'person', email = 'ada@example.org', password_hash = 'x' WHERE id = :id RETURNING 1",
    "DELETE FROM guests WHERE account_id = :id RETURNING 1",
)
RENEW = "UPDATE sessions SET access_id = gen_random_uuid() WHERE account_id = :id RETURNING 1"


@pytest.fixture
def admin(city: City) -> Person:
    return join(city, "city_admin")


def somebody_waits() -> bool:
    database = settings().postgres_database_prefix + "auth"
    with superuser("postgres") as connection:
        return bool(connection.run(WAITING, database=database)[0][0])


@contextmanager
def half_done(city: City, account_id: UUID, *statements: str, then: tuple[str, ...] = ()) -> Iterator[None]:
    """A change that is not committed, nor gone on with, before the caller has run into it."""
    work = city.sql("auth")
    for statement in statements:
        work.run(statement, id=account_id)
    yield
    deadline = time.monotonic() + 120
    while not somebody_waits():
        assert time.monotonic() < deadline, "nobody ran into the change"
    for statement in then:
        work.run(statement, id=account_id)
    work.commit()


def test_a_login_during_a_demotion_has_the_new_roles(city: City, admin: Person) -> None:
    with ThreadPoolExecutor(1) as pool:
        with half_done(city, admin.id, DEMOTE, RENEW):
            pending: Future[Answer] = pool.submit(login, city, admin)
        assert pending.result().body["user"]["roles"] == ["citizen"]


def test_a_refresh_during_a_demotion_has_the_new_roles(city: City, admin: Person) -> None:
    token = login(city, admin).body["refreshToken"]
    with ThreadPoolExecutor(1) as pool:
        with half_done(city, admin.id, DEMOTE, RENEW):
            pending: Future[Answer] = pool.submit(refresh, token)
        assert pending.result().body["user"]["roles"] == ["citizen"]


def test_a_login_during_a_lock_is_refused(city: City, admin: Person) -> None:
    with ThreadPoolExecutor(1) as pool:
        with half_done(city, admin.id, LOCK, END):
            pending: Future[Answer] = pool.submit(login, city, admin)
        assert pending.result().code == "CREDENTIALS_WRONG"


def test_a_refresh_during_a_lock_is_refused(city: City, admin: Person) -> None:
    token = login(city, admin).body["refreshToken"]
    with ThreadPoolExecutor(1) as pool:
        with half_done(city, admin.id, LOCK, END):
            pending: Future[Answer] = pool.submit(refresh, token)
        assert pending.result().code == "TOKEN_REVOKED"


def test_a_login_with_the_old_password_during_a_change_is_refused(city: City, admin: Person) -> None:
    with ThreadPoolExecutor(1) as pool:
        with half_done(
            city, admin.id, "UPDATE accounts SET password_hash = 'another' WHERE id = :id RETURNING 1"
        ):
            pending: Future[Answer] = pool.submit(login, city, admin)
        assert pending.result().code == "CREDENTIALS_WRONG"


def test_a_password_that_is_reset_changed_and_forgotten_at_once_blocks_nobody(
    city: City, admin: Person
) -> None:
    for number in range(2):
        forget(city, admin.email)
        token, old, new = (
            link_token(city),
            f"Laterne Quark Segel {number}",
            f"Laterne Quark Segel {number + 1}",
        )
        body = login(city, admin, PASSWORD if number == 0 else old).body
        asked = {"currentPassword": PASSWORD if number == 0 else old, "newPassword": new}
        with ThreadPoolExecutor(3) as pool:
            done = [
                pool.submit(reset, token, new),
                pool.submit(call, "change-password", token=body["accessToken"], body=asked),
                pool.submit(forget, city, admin.email),
            ]
            statuses = [each.result().status for each in done]
        assert statuses[2] == 202
        assert 204 in statuses[:2]
        assert max(statuses) < 500


def test_whoever_acts_in_a_persons_name_during_a_demotion_has_the_new_roles(
    city: City, admin: Person
) -> None:
    platform = City(PLATFORM)
    chief = login(platform, join(platform, "super_admin")).body["accessToken"]
    with ThreadPoolExecutor(1) as pool:
        with half_done(city, admin.id, DEMOTE, RENEW):
            pending: Future[Answer] = pool.submit(
                call,
                "impersonate",
                token=chief,
                tenant=city.tenant.slug,
                body={"userId": str(admin.id), "reason": "Ticket 7"},
            )
        assert pending.result().body["user"]["roles"] == ["citizen"]


def test_a_guest_who_comes_back_while_they_become_a_person_blocks_nobody(city: City) -> None:
    guest = device(city).body
    with ThreadPoolExecutor(1) as pool:
        with half_done(city, guest["user"]["id"], HOLD, then=CONVERT):
            pending: Future[Answer] = pool.submit(come_back, city, guest["deviceSecret"])
        assert pending.result().code == "GUEST_UNKNOWN"


def test_guests_who_end_while_one_of_them_becomes_a_person_block_nobody(city: City) -> None:
    guest = device(city).body
    idle(city, guest, 366)
    with ThreadPoolExecutor(1) as pool:
        with half_done(city, guest["user"]["id"], HOLD, then=CONVERT):
            pending: Future[None] = pool.submit(expire)
        pending.result()
    assert city.events("user.deleted") == []
