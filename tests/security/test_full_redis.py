"""A Redis that is full refuses: calls answer 503, and nothing that has ended begins again (docs/decisions 5)."""

import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.adapters import redis as cache
from shared.auth import tokens
from shared.errors import Unavailable
from shared.kit.settings import settings
from shared.runtime import rate_limits
from tests.auth.people import join, login
from tests.support import City, call
from tooling.stack.redis import embedded_redis

ROOT = Path(__file__).parents[2]


@pytest.fixture
def small_redis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A Redis of this test's own, which has one megabyte left."""

    def anew() -> None:
        settings.cache_clear()
        cache.connections.cache_clear()
        cache.forget_connection()
        rate_limits.leases.clear()

    with embedded_redis(tmp_path) as redis, monkeypatch.context() as patched:
        patched.setenv("REDIS_URL", redis.url)
        anew()
        used = re.search(rb"used_memory:(\d+)", cache.command("INFO", "memory"))
        assert used
        cache.command("CONFIG", "SET", "maxmemory", int(used[1]) + 2**20)
        yield
    anew()


def fill() -> None:
    """As an attacker can: keys that would expire."""
    for n in range(100_000):
        try:
            cache.command("SET", f"tenant:x:login:{n}", "x" * 1000, "EX", 3600)
        except Unavailable:
            break
    else:
        pytest.fail("it is never full")
    for n in range(1000):  # the last bytes too
        try:
            cache.command("SET", f"tenant:x:login:small:{n}", "x", "EX", 3600)
        except Unavailable:
            return


@pytest.mark.usefixtures("small_redis")
def test_what_was_ended_stays_ended_when_redis_is_full(city: City) -> None:
    token = login(city, join(city, "editor")).body["accessToken"]
    assert call("logout", token=token).status == 204
    fill()
    assert call("whoami", token=token).code in ("TOKEN_REVOKED", "UNAVAILABLE")
    tokens_of_others = city.token("editor")
    assert city.call("list-listings").status == 503  # nobody can say how many calls that makes
    assert call("whoami", token=tokens_of_others).status == 503


@pytest.mark.usefixtures("small_redis")
def test_nobody_is_told_that_a_session_has_ended_when_that_could_not_be_kept(city: City) -> None:
    token = login(city, join(city, "editor")).body["accessToken"]
    assert call("whoami", token=token).status == 200  # so that there is a lease
    fill()
    ended = call("logout", token=token)
    assert (ended.status, ended.headers["Retry-After"]) == (503, "2")
    assert city.rows("auth", "SELECT revoked_at FROM sessions WHERE revoked_at IS NOT NULL") == []


@pytest.mark.usefixtures("small_redis")
def test_a_full_redis_is_said_once_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kit.misconfiguration.said", {})
    with caplog.at_level(logging.ERROR, "heidi.settings"):
        fill()
        with pytest.raises(Unavailable):
            rate_limits.spend(f"tenant:x:rate:{uuid4()}", 5, time.time())
        with pytest.raises(Unavailable):
            tokens.revoke(uuid4(), "x")
    assert [record.getMessage() for record in caplog.records] == ["redis is full"]


@pytest.mark.parametrize(
    "file", ["deploy/compose.yaml", "deploy/data/base/redis.conf", "tooling/stack/redis.py"]
)
def test_no_redis_of_ours_evicts(file: str) -> None:
    policies = re.findall(r"maxmemory-policy ([a-z-]+)", (ROOT / file).read_text("utf-8"))
    assert policies == ["noeviction"]
