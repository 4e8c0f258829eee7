"""One city's calls, however many come and however long they wait, leave what another city's need."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from shared.context import LOCK
from shared.db.pg import pool
from shared.errors import Busy
from shared.kit.settings import settings
from shared.kit.shares import Shares
from tests.gateway.support import eventually
from tests.support import City


def test_nobody_holds_more_than_are_still_free_so_whoever_comes_next_finds_one() -> None:
    shares = Shares(16)
    held = {
        name: next(n for n in count() if not shares.take(name, 0))
        for name in ("first", "second", "third", "fourth")
    }
    assert held == {"first": 8, "second": 4, "third": 2, "fourth": 1}
    assert shares.take("", 0), "what belongs to nobody has no share to keep to"
    assert not shares.take("", 0)
    for name, number in [*held.items(), ("", 1)]:
        for _ in range(number):
            shares.give_back(name)
    assert (shares.free, shares.held) == (16, Counter())


def test_who_waits_for_a_share_has_it_as_soon_as_it_is_given_back() -> None:
    shares, taken = Shares(1), threading.Event()
    shares.take("first", 0)
    waits = threading.Thread(target=lambda: shares.take("second", 30) and taken.set())
    waits.start()
    shares.give_back("first")
    waits.join(120)
    assert taken.is_set()


def builds_waiting_for_a_lock(city: City, number: int) -> ThreadPoolExecutor:
    """So many calls of one city, none of which can go on before their time is up."""
    threads = ThreadPoolExecutor(number)
    for _ in range(number):
        threads.submit(city.call, "trigger-build", "super_city_admin", body={"platform": "web"})
    shares = pool(settings().postgres_database_prefix + "factory").shares
    eventually(lambda: shares.held[str(city.id)] == 8)
    return threads


def test_a_city_whose_calls_all_wait_for_one_lock_takes_no_connection_that_another_city_needs(
    city: City, other_city: City
) -> None:
    holder = city.sql("factory")
    holder.run(LOCK, name=f"{city.id} builds")
    threads = builds_waiting_for_a_lock(city, 40)
    assert [other_city.call("list-builds", "super_city_admin").status for _ in range(4)] == [200] * 4
    holder.rollback()
    threads.shutdown()


def test_who_waits_too_long_for_a_lock_is_told_when_to_ask_again(city: City) -> None:
    holder = city.sql("factory")
    holder.run(LOCK, name=f"{city.id} builds")
    refused = city.call("trigger-build", "super_city_admin", body={"platform": "web"})
    holder.rollback()
    assert (refused.status, refused.code, refused.headers.get("Retry-After")) == (503, "BUSY", "1"), (
        refused.body
    )


def test_a_pool_has_a_share_for_each_tenant_that_asks(
    city: City, other_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "postgres_pool_patience", 0.0)
    lent = [city.sql("core") for _ in range(9)]
    for each in lent[:8]:
        each.run("SELECT 1")
    with pytest.raises(Busy):
        lent[8].run("SELECT 1")
    another = other_city.sql("core")
    assert another.run("SELECT 2") == [[2]]
    for each in [*lent, another]:
        each.rollback()
