"""Rate limits of requirements §12.3."""

import os
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.adapters import redis
from shared.auth import signing
from shared.errors import RateLimited, Unavailable
from shared.kit.settings import settings
from shared.runtime import rate_limits
from tests.support import Answer, City, call

NOW = 1_700_000_000.0


@contextmanager
def limit(monkeypatch: pytest.MonkeyPatch, name: str, value: int) -> Iterator[None]:
    monkeypatch.setenv(name, str(value))
    settings.cache_clear()
    rate_limits.leases.clear()
    yield
    monkeypatch.delenv(name)
    os.environ[name] = "100000"
    settings.cache_clear()


@pytest.fixture(autouse=True)
def one_minute_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute ends in the middle of a test, and no test's address is another's."""
    for key in redis.command("KEYS", "*:rate:*"):
        redis.command("DEL", key)
    rate_limits.leases.clear()
    real = time.time
    monkeypatch.setattr("shared.runtime.rate_limits.time.time", lambda: real() // 60 * 60 + 30)


def served(key: str, limit: int, calls: int, threads: int) -> int:
    """How many of so many calls are served, when so many threads make them as fast as they can."""

    def one(_: int) -> bool:
        try:
            rate_limits.spend(key, limit, NOW)
        except RateLimited:
            return False
        return True

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(one, range(calls)))


@pytest.mark.parametrize("threads", [1, 8, 40])
@pytest.mark.parametrize(("most", "calls"), [(100, 100), (100, 150), (1000, 1500), (7, 40)])
def test_exactly_the_limit_is_served_however_many_threads_ask(threads: int, most: int, calls: int) -> None:
    assert served(f"tenant:x:rate:{uuid4()}", most, calls, threads) == most


@pytest.mark.parametrize("threads", [1, 8, 40])
def test_a_citys_limit_is_served_to_the_last_call_from_many_addresses(
    threads: int, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_TENANT", 200), ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(lambda n: visit(city, f"192.0.2.{n % 97}").status, range(300)))
    assert answers.count(200) == 180  # the rest is kept for those who work for the city
    assert answers.count(429) == 120


def test_two_processes_together_never_grant_more_than_the_limit() -> None:
    key, granted = f"tenant:x:rate:{uuid4()}", 0
    for _ in range(30):
        rate_limits.leases.clear()  # each time another process, which knows nothing of the leases before
        try:
            rate_limits.spend(key, 20, NOW)
            granted += 1
        except RateLimited:
            pass
    assert granted == 19  # near its end a limit is leased one by one, so that hardly any is lost


def test_most_calls_ask_nobody_and_none_asks_again_for_what_is_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []
    real = redis.command
    monkeypatch.setattr(redis, "command", lambda *words: asked.append(words) or real(*words))
    assert served("tenant:x:rate:" + str(uuid4()), 1000, 500, 1) == 500
    assert len(asked) == 50
    served(key := f"tenant:x:rate:{uuid4()}", 5, 5, 1)
    asked.clear()
    assert served(key, 5, 100, 1) == 0
    assert asked == []


def test_nobody_waits_for_somebody_whose_question_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise Unavailable(dependency="redis")

    with monkeypatch.context() as without:
        without.setattr(redis, "command", away)
        for _ in range(2):
            with pytest.raises(Unavailable):
                rate_limits.spend("tenant:x:rate:away", 10, NOW)
    assert served("tenant:x:rate:away", 10, 20, 8) == 10


def test_a_new_minute_begins_anew() -> None:
    key = f"tenant:x:{uuid4()}"
    rate_limits.spend(key, 1, 600.0)
    with pytest.raises(RateLimited):
        rate_limits.spend(key, 1, 659.0)
    rate_limits.spend(key, 1, 660.0)


def visit(city: City, address: str, token: str = "", name: str = "list-listings", path: str = "") -> Answer:
    """A call from an address, as the outermost proxy reports it."""
    return call(name, token=token, tenant=city.tenant.slug, path=path, address=address)


def token_of(city: City, role: str = "citizen", **claims: Any) -> str:
    """Somebody's, each time somebody else's."""
    return signing.issue("access", uuid4(), city.id, [role], uuid4(), now=time.time(), **claims)[0]


def count(times: int, ask: Callable[[], Answer]) -> list[int]:
    """How many of so many calls were served, and how many were not."""
    answers = [ask().status for _ in range(times)]
    return [sum(status < 400 for status in answers), answers.count(429)]


def test_a_person_has_exactly_as_many_calls_a_minute_as_the_limit_says(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_USER", 25):
        answers = [city.call("list-listings", "editor").status for _ in range(27)]
    assert answers == [200] * 25 + [429] * 2


def test_guests_of_one_address_have_together_what_one_anonymous_reader_has(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_IP", 10):
        assert count(24, lambda: visit(city, "192.0.2.7", token_of(city, guest=True))) == [10, 14]
        assert visit(city, "192.0.2.7").status == 429
        assert visit(city, "192.0.2.8", token_of(city, guest=True)).status == 200


def test_the_people_of_one_address_do_not_share_what_an_anonymous_reader_has_but_six_times_as_much(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_IP", 5):
        assert count(7, lambda: visit(city, "192.0.2.7")) == [5, 2]
        assert count(40, lambda: visit(city, "192.0.2.7", token_of(city))) == [30, 10]
        # a town hall's staff
        assert count(40, lambda: visit(city, "192.0.2.7", token_of(city, "editor"))) == [40, 0]


def test_citizens_and_guests_cannot_use_up_what_readers_and_staff_need(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = iter(range(1000))
    with limit(monkeypatch, "RATE_LIMIT_TENANT", 20):
        assert count(30, lambda: visit(city, f"192.0.2.{next(addresses)}", token_of(city))) == [14, 16]
        assert count(10, lambda: visit(city, f"192.0.2.{next(addresses)}")) == [4, 6]
        assert count(5, lambda: visit(city, "192.0.2.1", token_of(city, "city_admin"))) == [2, 3]


def test_readers_cannot_use_up_what_staff_need(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    with limit(monkeypatch, "RATE_LIMIT_TENANT", 20):
        assert count(30, lambda: visit(city, "192.0.2.1")) == [18, 12]
        assert visit(city, "192.0.2.1", token_of(city, "editor")).status == 200


def test_one_citys_calls_do_not_count_for_another(
    city: City, other_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_TENANT", 3):
        assert [city.call("list-listings").status for _ in range(4)] == [200, 200, 200, 429]
        assert other_city.call("list-listings").status == 200


def test_a_page_of_pictures_leaves_its_reader_all_their_calls(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_IP", 5):
        shown = [
            visit(city, "192.0.2.7", name="get-media", path=f"/api/media/{uuid4()}").status for _ in range(52)
        ]
        assert shown == [404] * 50 + [429] * 2
        assert count(6, lambda: visit(city, "192.0.2.7")) == [5, 1]


@pytest.mark.parametrize("bad", ["nonsense", "heidi_nonsense"])
def test_bad_tokens_are_counted_and_good_ones_of_the_same_address_are_still_served(
    bad: str, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_IP", 2):
        refused = [visit(city, "192.0.2.7", bad).status for _ in range(15)]
        assert refused == [401] * 12 + [429] * 3
        assert visit(city, "192.0.2.7", token_of(city)).status == 200


def test_whoever_asks_for_what_they_may_not_is_counted_like_everybody(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_USER", 3):
        assert [city.call("list-pending-listings", "citizen").status for _ in range(5)] == [403] * 3 + [
            429
        ] * 2
    with limit(monkeypatch, "RATE_LIMIT_IP", 3):
        assert [visit(city, "192.0.2.7", name="list-pending-listings").status for _ in range(5)] == [
            401
        ] * 3 + [429] * 2


def test_an_answer_says_what_the_limits_are_and_how_much_is_left(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_USER", 25), limit(monkeypatch, "RATE_LIMIT_TENANT", 1000):
        told = [city.call("list-listings", "citizen").headers for _ in range(3)]
    assert (
        told[0]["RateLimit-Policy"]
        == '"person";q=25;w=60, "household";q=600000;w=60, "members";q=700;w=60, "city";q=900;w=60'
    )
    assert [headers["RateLimit"] for headers in told] == [f'"person";r={left};t=30' for left in (24, 23, 22)]


def test_a_refusal_says_which_limit_it_was_and_when_to_come_back(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limit(monkeypatch, "RATE_LIMIT_TENANT", 1):
        city.call("list-listings", "editor")
        refused = city.call("list-listings", "editor")
    assert refused.code == "RATE_LIMITED"
    assert (refused.headers["Retry-After"], refused.headers["RateLimit"]) == ("30", '"city";r=0;t=30')
    assert re.fullmatch(r'"person";q=\d+;w=60, "city";q=1;w=60', refused.headers["RateLimit-Policy"])


def test_an_error_says_it_too_and_the_platforms_own_calls_are_told_nothing(city: City) -> None:
    assert "RateLimit" in city.call("get-listing", path=f"/api/listings/{UUID(int=0)}").headers
    internal = call("get-core-usage", token=settings().broker_token.get_secret_value(), tenant=str(city.id))
    assert (internal.status, "RateLimit" in internal.headers) == (200, False)
