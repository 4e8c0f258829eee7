"""One connection to Redis a thread, and what becomes of a command when nobody answers it."""

import subprocess
import sys

import pytest

from shared.adapters import redis
from shared.errors import Unavailable
from tests.gateway.support import eventually
from tooling.registry import ROOT


def test_a_redis_that_is_there_and_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "SECONDS", 1)
    redis.forget_connection()
    # milliseconds: a second, and two for a new connection, are not enough
    redis.command("CLIENT", "PAUSE", "3500", "ALL")
    with pytest.raises(Unavailable) as refusal:
        redis.command("GET", "whatever")
    assert refusal.value.details == {"dependency": "redis"}
    redis.forget_connection()
    eventually(lambda: answers() == b"PONG")


def test_connections_may_be_lost_as_often_as_it_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis.connections(), "max_connections", 3)
    for _ in range(5):
        redis.forget_connection()
        assert redis.command("PING") in {b"PONG", "PONG"}


def answers() -> object:
    try:
        return redis.command("PING")
    except Unavailable:
        return None


def test_a_process_that_exports_nothing_does_not_load_what_would() -> None:
    asked = (
        "import sys; from shared.adapters import redis; redis.command('PING');"
        " print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
