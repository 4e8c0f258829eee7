"""One connection to Redis a thread, and what becomes of a command when nobody answers it."""

import pytest

from shared import cache
from shared.errors import Unavailable
from tests.gateway.support import eventually


def test_a_redis_that_is_there_and_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "SECONDS", 1)
    cache.forget_connection()
    # milliseconds: a second, and two for a new connection, are not enough
    cache.command("CLIENT", "PAUSE", "3500", "ALL")
    with pytest.raises(Unavailable) as refusal:
        cache.command("GET", "whatever")
    assert refusal.value.details == {"dependency": "redis"}
    cache.forget_connection()
    eventually(lambda: answers() == b"PONG")


def test_connections_may_be_lost_as_often_as_it_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache.connections(), "max_connections", 3)
    for _ in range(5):
        cache.forget_connection()
        assert cache.command("PING") in {b"PONG", "PONG"}


def answers() -> object:
    try:
        return cache.command("PING")
    except Unavailable:
        return None
