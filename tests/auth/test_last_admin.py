"""A city keeps a lead admin who can get in, and the platform a super admin, whatever several of them do at
once.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import pytest

from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM
from tests.auth.people import Person, join, login
from tests.support import Answer, City, call, deliver, superuser
from tooling.registry import records

HEAR = ("create-profile", "follow-roles", "follow-deactivation")
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = :database AND wait_event_type = 'Lock'"
LEFT = "SELECT id FROM accounts WHERE state = 'active' AND roles @> ARRAY[CAST(:role AS text)]"


@pytest.fixture
def platform() -> Iterator[City]:
    yield City(PLATFORM)
    City(PLATFORM).rows("auth", "DELETE FROM accounts RETURNING 1")


def token(city: City, person: Person) -> str:
    found: str = login(city, person).body["accessToken"]
    return found


def demote(by: str, whom: Person) -> Answer:
    return call("assign-role", path=f"/api/auth/users/{whom.id}/roles", body={"roles": ["citizen"]}, token=by)


def lock(by: str, whom: Person) -> Answer:
    return call("lock-account", path=f"/api/auth/users/{whom.id}/lock", body={}, token=by)


def deactivate(by: str, whom: Person) -> Answer:
    return call("deactivate-user", path=f"/api/users/{whom.id}/deactivate", token=by)


def delete(by: str, whom: Person) -> Answer:
    return call("delete-user", path=f"/api/users/{whom.id}", token=by)


def leave(by: str, _: Person) -> Answer:
    return call("delete-my-account", path="/api/users/me", token=by)


def left(city: City, role: str = "super_city_admin") -> list[list[UUID]]:
    return city.rows("auth", LEFT, role=role)


def follow(city: City) -> None:
    """What the two services say to each other arrives."""
    for event in city.events():
        for name in HEAR:
            if event.envelope.type in records()[name].types:
                assert deliver(name, event).status == 204


@contextmanager
def held(city: City, service: str, table: str, ids: list[UUID]) -> Iterator[None]:
    """These rows, until two calls have come as far as they get without them: past everything that is asked of
    the token.
    """
    work = city.sql(service)
    work.run(f"SELECT 1 FROM {table} WHERE id = ANY(:ids) FOR UPDATE", ids=ids)
    yield
    deadline, database = time.monotonic() + 120, settings().postgres_database_prefix + service
    with superuser("postgres") as connection:
        while connection.run(WAITING, database=database)[0][0] < 2:
            assert time.monotonic() < deadline, "they did not run into each other"
    work.commit()


@pytest.mark.parametrize(
    ("service", "table", "first", "second"),
    [
        ("auth", "accounts", demote, demote),
        ("auth", "accounts", lock, lock),
        ("auth", "accounts", demote, lock),
        ("users", "profiles", deactivate, deactivate),
        ("users", "profiles", delete, deactivate),
        ("users", "profiles", leave, leave),
    ],
)
@pytest.mark.parametrize("role", ["super_city_admin", "super_admin"])
def test_of_two_who_take_each_other_away_at_once_one_is_left(
    city: City,
    platform: City,
    service: str,
    table: str,
    first: Callable[..., Answer],
    second: Callable[..., Answer],
    role: str,
) -> None:
    where = platform if role == "super_admin" else city
    one, other = join(where, role), join(where, role)
    follow(where)
    tokens = token(where, one), token(where, other)
    with ThreadPoolExecutor(2) as pool:
        with held(where, service, table, [one.id, other.id]):
            answers = [pool.submit(first, tokens[0], other), pool.submit(second, tokens[1], one)]
        done = sorted(pending.result().status for pending in answers)
    assert done[0] in (200, 204), done
    assert done[1] in (401, 409), done
    follow(where)
    assert len(left(where, role)) == 1


def test_the_last_lead_admin_cannot_leave_until_there_is_another_who_can_get_in(city: City) -> None:
    chief, helper = join(city, "super_city_admin"), join(city, "city_admin")
    follow(city)
    mine = token(city, chief)
    assert (leave(mine, chief).status, leave(mine, chief).code) == (409, "LAST_ADMIN")
    promoted = call(
        "assign-role",
        path=f"/api/auth/users/{helper.id}/roles",
        body={"roles": ["super_city_admin"]},
        token=mine,
    )
    assert promoted.status == 200
    follow(city)
    assert lock(mine, helper).status == 204
    assert leave(mine, chief).code == "LAST_ADMIN"
    assert call("unlock-account", path=f"/api/auth/users/{helper.id}/unlock", token=mine).status == 204
    assert leave(mine, chief).status == 204


def test_a_super_admin_may_take_a_citys_last_lead_admin_away_but_is_not_the_last_of_the_platform(
    city: City, platform: City
) -> None:
    chief, boss = join(city, "super_city_admin"), join(platform, "super_admin")
    follow(city)
    follow(platform)
    above = token(platform, boss)
    assert (
        call(
            "deactivate-user", path=f"/api/users/{chief.id}/deactivate", token=above, tenant=city.tenant.slug
        ).status
        == 200
    )
    assert leave(above, boss).code == "LAST_ADMIN"


def test_people_who_decide_about_nobody_leave_when_they_like(city: City) -> None:
    for role in ("city_admin", "editor"):
        person = join(city, role)
        follow(city)
        assert leave(token(city, person), person).status == 204
