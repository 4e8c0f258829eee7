"""What happens at the same moment: nobody leaves with roles that were taken away a moment before."""
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import pytest

from shared.settings import settings
from shared.tenants import PLATFORM
from tests.auth.people import Person, join, login, refresh
from tests.support import Answer, City, call, superuser

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = :database AND wait_event_type = 'Lock'"
DEMOTE = "UPDATE accounts SET roles = '{citizen}', updated_at = now() WHERE id = :id RETURNING 1"
RENEW = "UPDATE sessions SET access_id = gen_random_uuid() WHERE account_id = :id RETURNING 1"


@pytest.fixture
def admin(city: City) -> Person:
    return join(city, "city_admin")


def somebody_waits() -> bool:
    database = settings().postgres_database_prefix + "auth"
    with superuser("postgres") as connection:
        return bool(connection.run(WAITING, database=database)[0][0])


@contextmanager
def half_demoted(city: City, account_id: UUID) -> Iterator[None]:
    """An administrator's change of roles that is not committed before the caller has run into it."""
    work = city.sql("auth")
    work.run(DEMOTE, id=account_id)
    work.run(RENEW, id=account_id)
    yield
    deadline = time.monotonic() + 20
    while not somebody_waits():
        assert time.monotonic() < deadline, "nobody ran into the change"
    work.commit()


def test_a_login_during_a_demotion_has_the_new_roles(city: City, admin: Person) -> None:
    with ThreadPoolExecutor(1) as pool:
        with half_demoted(city, admin.id):
            pending: Future[Answer] = pool.submit(login, city, admin)
        assert pending.result().body["user"]["roles"] == ["citizen"]


def test_a_refresh_during_a_demotion_has_the_new_roles(city: City, admin: Person) -> None:
    token = login(city, admin).body["refreshToken"]
    with ThreadPoolExecutor(1) as pool:
        with half_demoted(city, admin.id):
            pending: Future[Answer] = pool.submit(refresh, token)
        assert pending.result().body["user"]["roles"] == ["citizen"]


def test_whoever_acts_in_a_persons_name_during_a_demotion_has_the_new_roles(city: City, admin: Person) -> None:
    platform = City(PLATFORM)
    chief = login(platform, join(platform, "super_admin")).body["accessToken"]
    with ThreadPoolExecutor(1) as pool:
        with half_demoted(city, admin.id):
            pending: Future[Answer] = pool.submit(
                call, "impersonate", token=chief, tenant=city.tenant.slug, body={"userId": str(admin.id), "reason": "Ticket 7"})
        assert pending.result().body["user"]["roles"] == ["citizen"]
