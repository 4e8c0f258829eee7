"""Rate limits of requirements §12.3."""

import os
import time
from contextlib import contextmanager
from uuid import uuid4

import pytest

from shared import limits
from shared.errors import RateLimited
from shared.settings import settings
from tests.support import City


@contextmanager
def limit(monkeypatch: pytest.MonkeyPatch, name: str, value: int):
    monkeypatch.setenv(name, str(value))
    settings.cache_clear()
    limits.leases.clear()
    yield
    monkeypatch.delenv(name)
    os.environ[name] = "100000"
    settings.cache_clear()


def test_a_person_has_exactly_as_many_calls_a_minute_as_the_limit_says(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_USER", 25):
        answers = [city.call("list-listings", "editor").status for _ in range(27)]
    assert answers[:25] == [200] * 25
    assert answers[25:] == [429, 429]


def test_the_answer_says_when_to_come_back(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    with limit(monkeypatch, "RATE_LIMIT_IP", 1):
        city.call("list-listings")
        refused = city.call("list-listings")
    assert refused.code == "RATE_LIMITED"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60


def test_the_limit_per_address_is_for_anonymous_callers_only(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_IP", 2):
        assert [city.call("list-listings", "citizen").status for _ in range(5)] == [200] * 5


def test_one_citys_calls_do_not_count_for_another(
    city: City, other_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_TENANT", 3):
        assert [city.call("list-listings").status for _ in range(4)] == [200, 200, 200, 429]
        assert other_city.call("list-listings").status == 200


def test_two_processes_together_never_grant_more_than_the_limit() -> None:
    key, now, granted = f"tenant:x:{uuid4()}", time.time(), 0
    for _ in range(30):
        limits.leases.clear()  # each time another process, which knows nothing of the leases before
        try:
            limits.spend(key, 20, now)
            granted += 1
        except RateLimited:
            pass
    assert granted <= 20


def test_a_new_minute_begins_anew() -> None:
    key = f"tenant:x:{uuid4()}"
    limits.spend(key, 1, 600.0)
    with pytest.raises(RateLimited):
        limits.spend(key, 1, 659.0)
    limits.spend(key, 1, 660.0)
