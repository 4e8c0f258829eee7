"""One connection to Redis a thread, and what becomes of a command when nobody answers it."""

import pytest

from shared.adapters import redis
from shared.errors import Unavailable
from tests.gateway.support import eventually


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
