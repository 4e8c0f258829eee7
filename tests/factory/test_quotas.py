"""What a city may build in a month."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.peers import internal_calls
from tests.factory.test_web_build import prepare, trigger
from tests.support import City

FINISH = "UPDATE builds SET status = 'completed' RETURNING 1"


@pytest.fixture
def limited() -> Iterator[City]:
    with City.known("schriesheim", quotas={"builds": 2}) as made:
        prepare(made)
        yield made


def used(city: City) -> dict[str, int]:
    found: dict[str, int] = json.loads(internal_calls.ask("/api/internal/factory/usage", city.id))
    return found


def test_the_same_request_counts_once_however_often_it_is_made(limited: City) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: trigger(limited), range(10)))
    assert [answer.status for answer in answers] == [202] * 10
    assert len({answer.body["buildId"] for answer in answers}) == 1
    assert used(limited) == {"builds": 1}


def test_when_the_months_builds_are_used_up_there_is_no_other(limited: City) -> None:
    for _ in range(2):
        assert trigger(limited).status == 202
        limited.rows("factory", FINISH)
    refused = trigger(limited)
    assert (refused.status, refused.code, refused.body["error"]["details"]) == (
        429,
        "QUOTA_EXCEEDED",
        {"quota": "builds", "limit": 2},
    )
    assert limited.rows("factory", "SELECT count(*) FROM builds") == [[2]]


def test_another_month_begins_at_nothing(limited: City) -> None:
    limited.rows(
        "factory",
        "INSERT INTO usage (tenant_id, kind, period, used) VALUES (:tenant, 'builds', '2020-01', 2) RETURNING 1",
        tenant=limited.id,
    )
    assert used(limited) == {}
    assert trigger(limited).status == 202
    assert used(limited) == {"builds": 1}


def test_only_the_platform_may_ask(limited: City) -> None:
    for role in ("", "super_city_admin", "super_admin"):
        assert limited.call("get-factory-usage", role).status == 401
