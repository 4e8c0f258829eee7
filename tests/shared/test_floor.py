"""What the floor promises under load and trouble: nobody waits for a lock or a second connection, a commit
stays one.
"""

import logging
import threading
from collections.abc import Iterator

import pytest
from pg8000.exceptions import InterfaceError
from sqlalchemy import exc, select

from functions.core.categories.tables import Category
from shared.adapters import redis
from shared.context import Context
from shared.db.pg import Pool, login
from shared.errors import Busy, Misconfigured, Unavailable
from shared.kit import misconfiguration
from shared.kit.lazy import lazy
from shared.kit.settings import settings
from tests.core.factories import make_category
from tests.support import City, call
from tooling.registry import records


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """One connection, and no patience."""
    monkeypatch.setattr(settings(), "postgres_pool_size", 1)
    monkeypatch.setattr(settings(), "postgres_pool_patience", 0.0)
    name = settings().postgres_database_prefix + "core"
    made = Pool(name, *login(name))
    yield made
    made.clear()


@pytest.fixture(autouse=True)
def nothing_was_said() -> None:
    misconfiguration.said.clear()


def context(city: City, name: str = "create-listing") -> Context:
    return Context(records()[name], city.tenant)


def test_what_is_made_once_is_made_without_a_lock_that_others_wait_for() -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Thing:
        slow = False

        @lazy
        def value(self) -> int:
            if self.slow:
                begun.set()
                go_on.wait(120)
            return 1

    first, second = Thing(), Thing()
    first.slow = True
    waits = threading.Thread(target=lambda: first.value)
    waits.start()
    assert begun.wait(120)
    asks = threading.Thread(target=lambda: second.value, daemon=True)
    asks.start()
    asks.join(120)
    was_answered = not asks.is_alive()
    go_on.set()
    waits.join()
    assert was_answered
    assert (first.value, second.value) == (1, 1)


def test_a_pool_that_is_used_up_says_when_to_ask_again(pool: Pool) -> None:
    refusals = []

    def ask() -> None:
        try:
            pool.borrow()
        except Busy as busy:
            refusals.append(busy)

    with pool.take():
        other = threading.Thread(target=ask)
        other.start()
        other.join()
    assert [(busy.status, busy.response_headers()) for busy in refusals] == [(503, {"Retry-After": "1"})]
    with pool.take() as connection:
        assert connection.batch([("SELECT 1", {})]) == [[[1]]]


def test_who_has_a_connection_does_not_wait_for_a_second_one(pool: Pool, monkeypatch) -> None:
    monkeypatch.setattr(settings(), "postgres_pool_patience", 5.0)
    waited: list[float] = []
    take = pool.shares.take
    monkeypatch.setattr(
        pool.shares, "take", lambda party, patience: waited.append(patience) or take(party, 0)
    )
    with pool.take(), pytest.raises(Busy):
        pool.borrow()
    with pool.take():
        pass
    assert waited == [5.0, 0, 5.0]


def test_a_connection_that_another_thread_gives_back_leaves_its_borrower_free_to_wait_again(
    pool: Pool,
) -> None:
    connection = pool.borrow()
    borrower = connection.borrower
    assert borrower.lent == 1
    other = threading.Thread(target=pool.give_back, args=(connection,))
    other.start()
    other.join()
    assert borrower.lent == 0


def test_what_follows_a_commit_never_becomes_an_error(city: City, monkeypatch, caplog) -> None:
    category, done = make_category(city), []
    begin = Context.emit

    def away():
        raise Unavailable(dependency="postgres")

    def lost():
        raise exc.InterfaceError("SELECT 1", {}, InterfaceError("network error"))

    def emit(ctx, event):
        ctx.after_commit(lambda: 1 / 0)
        ctx.after_commit(away)
        ctx.after_commit(lost)
        ctx.after_commit(lambda: done.append(True))
        begin(ctx, event)

    monkeypatch.setattr(Context, "emit", emit)
    caplog.set_level(logging.WARNING, "heidi.sql")
    got = city.call("create-listing", "editor", body={"title": "Einmal", "categoryId": str(category)})
    assert got.status == 201
    assert done == [True]
    assert city.rows("core", "SELECT count(*) FROM listings") == [[1]]
    # what is away was foreseen
    assert [bool(line.exc_info) for line in caplog.records if line.name == "heidi.sql"] == [
        True,
        False,
        False,
    ]


def test_entering_a_city_takes_the_orm_along(city: City, other_city: City) -> None:
    for _ in range(2):
        make_category(other_city)
    mine = make_category(city)
    ctx = context(city)
    assert [row.id for row in ctx.db.scalars(select(Category))] == [mine]
    ctx.enter(other_city.tenant)
    found = ctx.db.scalars(select(Category)).all()
    assert {row.tenant_id for row in found} == {other_city.id}
    assert len(found) == 2
    ctx.enter(city.tenant)
    assert ctx.db.get(Category, mine) is not None
    assert ctx.db.get(Category, found[0].id) is None
    ctx.abandon()


def test_rows_that_were_added_before_entering_stay_where_they_were_added(
    city: City, other_city: City
) -> None:
    ctx = context(city)
    category = ctx.db.get_or_404(Category, make_category(city))
    category.icon = "changed"
    ctx.enter(other_city.tenant)
    ctx.finish()
    assert city.rows("core", "SELECT icon FROM categories") == [["changed"]]


def test_what_was_queued_before_entering_belongs_to_whom_it_was_queued_for(
    city: City, other_city: City
) -> None:
    ctx = context(city)
    ctx.sql.queue(
        "INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:t, 'f', 's', 'e')", t=city.id
    )
    ctx.enter(other_city.tenant)
    ctx.sql.queue(
        "INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:t, 'f', 's', 'e')",
        t=other_city.id,
    )
    ctx.finish()
    assert [each.rows("core", "SELECT count(*) FROM inbox") for each in (city, other_city)] == [[[1]], [[1]]]


@pytest.mark.parametrize(
    ("database", "password", "code"), [("core", "wrong", "28P01"), ("nowhere", "", "3D000")]
)
def test_a_refusal_by_postgres_is_a_wrong_setting_and_said_once_a_minute(
    database, password, code, caplog
) -> None:
    role, right = login(settings().postgres_database_prefix + "core")
    pool = Pool(settings().postgres_database_prefix + database, role, password or right)
    with caplog.at_level(logging.ERROR, "heidi"):
        for _ in range(3):
            with pytest.raises(Misconfigured):
                pool.borrow()
    [line] = [record for record in caplog.records if record.name == "heidi.settings"]
    assert line.context["sqlstate"] == code
    assert line.context["host"] == settings().postgres_host
    assert "password" not in line.context


def test_a_postgres_that_is_away_is_weather(monkeypatch) -> None:
    monkeypatch.setattr(settings(), "postgres_port", 9)
    with pytest.raises(Unavailable):
        Pool("heidi_core", *login("heidi_core")).borrow()


def test_a_wrong_redis_password_is_a_wrong_setting_too(monkeypatch, caplog) -> None:
    url = settings().redis_url
    monkeypatch.setattr(
        settings(),
        "redis_url",
        url.replace("redis://", "redis://nobody:wrong@")
        if "@" not in url
        else "redis://:wrong@" + url.partition("@")[2],
    )
    redis.connections.cache_clear()
    redis.forget_connection()
    try:
        with caplog.at_level(logging.ERROR, "heidi"), pytest.raises(Misconfigured):
            redis.command("PING")
    finally:
        redis.connections.cache_clear()
        redis.forget_connection()
    [line] = [record for record in caplog.records if record.name == "heidi.settings"]
    assert "wrong" not in line.context["url"]


def test_a_call_under_a_wrong_setting_answers_500_and_leaks_nothing(monkeypatch) -> None:
    monkeypatch.setattr("shared.runtime.rate_limits.leases", {})  # it asks Redis
    monkeypatch.setattr(
        redis,
        "command",
        lambda *_: (_ for _ in ()).throw(
            misconfiguration.misconfigured("redis", ValueError("secret place"), url="redis://10.0.0.1")
        ),
    )
    got = call("list-cities")
    assert (got.status, got.code) == (500, "MISCONFIGURED")
    assert "10.0.0.1" not in got.raw.decode()
