"""Names of cities that do not exist cost their guesser, not the platform."""

import time
from typing import Any
from uuid import uuid4

import pytest

from shared.adapters import redis
from shared.kit.ids import PLATFORM_ID
from shared.kit.settings import settings
from shared.peers import read_through
from shared.runtime import rate_limits
from shared.tenancy import tenants
from tests.city.factories import registered
from tests.support import City, call


@pytest.fixture(autouse=True)
def five_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "rate_limit_ip", 5)
    monkeypatch.setattr("shared.peers.read_through.WINDOW", 10**10)  # no minute ends in the middle
    key = redis.key(
        PLATFORM_ID, "rate", "in-vain", "directory:192.0.2.1", int(time.time()) // read_through.WINDOW
    )
    redis.command("DEL", key, *redis.command("KEYS", "*:rate:refused:192.0.2.1:*"))
    rate_limits.leases.clear()


def guess(**parts: Any) -> int:
    return call("list-listings", **(parts or {"tenant": f"nowhere-{uuid4().hex[:8]}"})).status


def test_whoever_guesses_many_cities_has_to_wait_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert [guess() for _ in range(5)] == [404] * 5
    monkeypatch.setattr("shared.peers.internal_calls.ask", lambda *_, **__: pytest.fail("somebody was asked"))
    assert guess() == guess(host=f"nowhere-{uuid4().hex[:8]}.localhost") == 429
    assert (
        call(
            "login", body={"email": "a@b.de", "password": "x", "tenantId": f"nowhere-{uuid4().hex[:8]}"}
        ).status
        == 429
    )


def test_cities_that_exist_cost_nothing_however_often_they_are_looked_up(city: City) -> None:
    with registered(city) as made:
        for _ in range(8):
            tenants.memory.pop(made.tenant.slug, None)
            redis.command("DEL", tenants.key(made.tenant.slug))
            assert guess(tenant=made.tenant.slug, token=made.token("citizen")) == 200
