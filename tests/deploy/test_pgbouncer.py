"""Through a real PgBouncer in transaction mode, no city ever meets another, and nothing is lost when it goes."""

import gc
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from shared.db import pg, relay_role
from shared.db.pg import error_code, pool
from shared.db.sql import Sql
from shared.errors import Unavailable
from shared.kit.settings import settings
from tests.core.factories import make_category, make_listing, make_published
from tests.deploy.pooler import Pooler, pooler, version
from tests.support import City, superuser

SOON = 60  # seconds; what is told nothing would wait for as long as its function may run, or for ever
STATE: tuple[str, dict[str, Any]] = (
    "SELECT pg_backend_pid(), coalesce(current_setting('heidi.tenant', true), ''), coalesce(current_setting('heidi.who', true), '')",
    {},
)


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Turns every connection of the functions towards a PgBouncer."""

    def turn(bouncer: Pooler, *, prepared: bool = False) -> None:
        forget()
        monkeypatch.setattr(settings(), "postgres_port", bouncer.port)
        monkeypatch.setattr(settings(), "postgres_prepared", prepared)

    yield turn
    forget()


def forget() -> None:
    """Connections of before."""
    for known in (pg.pool, relay_role.pool):
        known.cache_clear()
    for connection in [kept for kept in gc.get_objects() if isinstance(kept, pg.Connection)]:
        pg.discard(connection)


@pytest.fixture
def bouncer(through: Any) -> Iterator[Pooler]:
    """The cluster's, with few connections, so that everybody shares."""
    with pooler(default_pool_size="2") as running:
        through(running)
        yield running


@pytest.fixture
def narrow(through: Any) -> Iterator[Pooler]:
    """With a single connection to each database, on which everything therefore happens."""
    with pooler(default_pool_size="1", query_wait_timeout="1") as running:
        through(running)
        yield running


def core() -> pg.Pool:
    return pool(settings().postgres_database_prefix + "core")


def state() -> list[Any]:
    """The server connection, and what whoever gets it next finds set."""
    stranger = core().connect()
    try:
        return stranger.batch([STATE])[0][0]
    finally:
        pg.discard(stranger)


def titles(city: City) -> set[str]:
    """Behind the pooler's back."""
    with superuser(settings().postgres_database_prefix + "core") as connection:
        return {
            row[0] for row in connection.run("SELECT title FROM listings WHERE tenant_id = :t", t=city.id)
        }


def test_named_statements_do_not_survive_so_there_is_a_setting(narrow: Pooler, through: Any) -> None:
    if version() >= (1, 21):
        pytest.skip("this PgBouncer keeps named statements")
    through(narrow, prepared=True)
    first, second = core().connect(), core().connect()
    assert first.batch([("SELECT 1", {})]) == [[[1]]]
    with pytest.raises(Exception, match="already exists") as failed:
        second.batch([("SELECT 2", {})])
    assert error_code(failed.value) == "42P05"
    through(narrow)
    for connection in (core().connect(), core().connect()):
        assert connection.batch([("SELECT :a::int", {"a": 3})]) == [[[3]]]


def test_the_same_values_come_back_without_names(bouncer: Pooler) -> None:
    asked = "SELECT :a::int, :b::text, 1.5::numeric, ARRAY['x'], NULL::uuid, now() IS NOT NULL"
    with core().take() as connection:
        assert not connection.prepared
        rows = connection.batch(
            [(asked, {"a": 2, "b": "ä"}), ("SELECT 3 WHERE false", {}), ("SELECT 'raw'", {})], raw=True
        )
        assert [str(value) for value in rows[0][0]] == ["2", "ä", "1.5", "['x']", "None", "True"]
        assert rows[1:] == [[], [[b"raw"]]]


def test_columns_that_change_their_type_are_read_as_what_they_are(bouncer: Pooler) -> None:
    with superuser(core().parameters["database"]) as owner, core().take() as connection:
        owner.run("CREATE TABLE changing AS SELECT 1::int AS a")
        owner.run("GRANT SELECT ON changing TO PUBLIC")
        before = connection.batch([("SELECT a FROM changing", {})])[0][0]
        owner.run("ALTER TABLE changing ALTER a TYPE text")
        after = connection.batch([("SELECT a FROM changing", {})])[0][0]
        owner.run("DROP TABLE changing")
    assert (before, after) == ([1], ["1"])


def test_two_cities_on_two_connections_never_see_each_other(
    bouncer: Pooler, city: City, other_city: City
) -> None:
    cities = (city, other_city)
    categories = {each.tenant.slug: make_category(each) for each in cities}
    ours: dict[str, set[str]] = {each.tenant.slug: set() for each in cities}

    def work(number: int) -> bool:
        each = cities[number % 2]
        if number % 7 == 0:  # now and then somebody fails in between
            return (
                each.call(
                    "create-listing", "city_admin", body={"title": "Bad", "categoryId": str(uuid4())}
                ).status
                == 422
            )
        if number % 3 == 0:
            title = f"{each.tenant.slug} {number}"
            made = make_listing(
                each, "city_admin", publish=True, category=categories[each.tenant.slug], title=title
            )
            ours[each.tenant.slug].add(title)
            got = each.call("get-listing", path=f"/api/listings/{made['id']}")
            return bool(got.body["title"] == title)
        seen = {item["title"] for item in each.call("list-listings").body["items"]}
        raw = {row[0] for row in each.rows("core", "SELECT title FROM listings")}
        return all(title.startswith(each.tenant.slug) for title in seen | raw)

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(work, range(240)))
    assert {each.tenant.slug: titles(each) for each in cities} == ours
    assert servers() == 2


def servers() -> int:
    """How many connections the app role holds in core's database."""
    with superuser("postgres") as connection:
        database = settings().postgres_database_prefix + "core"
        return int(
            connection.run(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = :d AND usename = 'heidi_app_core'",
                d=database,
            )[0][0]
        )


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_the_tenant_does_not_outlive_the_transaction(narrow: Pooler, city: City, end: str) -> None:
    work = Sql(core(), city.id, who="{}")
    [[pid, tenant, who]] = work.run(STATE[0])
    getattr(work, end)()
    assert (tenant, who) == (str(city.id), "{}")
    assert state() == [pid, "", ""]
    reading = Sql(core(), city.id, read_only=True)
    assert reading.run(STATE[0])[0] == [pid, str(city.id), ""]
    assert state() == [pid, "", ""]
    reading.commit()


def test_a_refused_first_statement_costs_no_connection(narrow: Pooler, city: City) -> None:
    before = state()
    body = {"title": "Bad", "categoryId": str(uuid4())}
    assert city.call("create-listing", "city_admin", body=body).status == 422
    assert state() == before


def test_an_error_undoes_the_transaction_and_leaves_a_clean_connection(narrow: Pooler, city: City) -> None:
    insert = (
        "INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:t, 'f', 's', 'e') RETURNING 1"
    )
    work = Sql(core(), city.id)
    assert work.run(insert, t=city.id) == [[1]]
    with pytest.raises(Exception, match="division"):
        work.run("SELECT 1 / 0")
    work.rollback()
    assert state()[1:] == ["", ""]
    assert city.rows("core", "SELECT count(*) FROM inbox") == [[0]]


def test_a_client_that_vanishes_leaves_neither_rows_nor_locks(narrow: Pooler, city: City) -> None:
    work = Sql(core(), city.id)
    work.run(
        "INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:t, 'f', 's', 'e') RETURNING 1",
        t=city.id,
    )
    work.run("SELECT pg_advisory_xact_lock(4711)")
    work.borrowed()._usock.shutdown(2)
    other = Sql(core(), city.id)
    assert other.run("SELECT pg_try_advisory_xact_lock(4711), (SELECT count(*) FROM inbox)") == [[True, 0]]
    other.commit()
    work.drop()


def test_roles_bring_the_bounds_that_no_connection_can_ask_for(bouncer: Pooler, city: City) -> None:
    asked = "SELECT current_user, current_setting('statement_timeout'), current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')"
    database = settings().postgres_database_prefix + "core"
    assert city.rows("core", asked) == [["heidi_app_core", "15s", "1500ms", "2min"]]
    assert relay_role.ask(database, asked) == [["heidi_relay", "15s", "1500ms", "2min"]]


def test_a_wrong_password_is_refused(bouncer: Pooler, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = pg.Pool(settings().postgres_database_prefix + "core", "heidi_app_core", "wrong")
    with pytest.raises(Unavailable):
        wrong.borrow()


def test_more_clients_than_it_takes_are_told_to_come_again(through: Any, city: City) -> None:
    with pooler(max_client_conn="3") as bouncer:
        through(bouncer)
        taken = [core().borrow() for _ in range(3)]
        started = time.monotonic()
        assert city.call("list-listings").status == 503
        assert time.monotonic() - started < SOON
        for connection in taken:
            core().give_back(connection)
        assert city.call("list-listings").status == 200


def test_who_waits_too_long_for_a_connection_is_told_to_come_again(narrow: Pooler, city: City) -> None:
    work = Sql(core(), city.id)
    work.run("SELECT 1")
    started = time.monotonic()
    assert city.call("list-listings").status == 503
    assert time.monotonic() - started < SOON
    work.commit()
    assert city.call("list-listings").status == 200


def test_a_transaction_that_loses_the_pooler_is_an_error_and_leaves_nothing(
    bouncer: Pooler, city: City
) -> None:
    work = Sql(core(), city.id)
    work.run(
        "INSERT INTO inbox (tenant_id, function, source, event_id) VALUES (:t, 'f', 's', 'e') RETURNING 1",
        t=city.id,
    )
    bouncer.kill()
    with pytest.raises(Unavailable):
        work.commit()
    work.rollback()
    with pooler(bouncer.port):
        assert city.rows("core", "SELECT count(*) FROM inbox") == [[0]]


# sockets that were reset at once
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_what_was_answered_is_kept_when_the_pooler_dies_under_load(bouncer: Pooler, city: City) -> None:
    category, stop = make_category(city), Event()
    make_published(city, category=category)
    before, answers = titles(city), []

    def write(number: int) -> None:
        while not stop.is_set():
            title = f"{number} {uuid4()}"
            body = {"title": title, "categoryId": str(category)}
            answers.append((city.call("create-listing", "city_admin", body=body).status, title))

    def wait_for(status: int) -> None:
        seen, deadline = len(answers), time.monotonic() + 120
        while status not in [found for found, _ in answers[seen:]]:
            assert time.monotonic() < deadline, answers[-3:]
            time.sleep(0.01)

    with ThreadPoolExecutor(8) as threads:
        writers = [threads.submit(write, number) for number in range(8)]
        try:
            wait_for(201)
            bouncer.kill()
            wait_for(503)
            with pooler(bouncer.port, default_pool_size="2"):
                wait_for(201)
                stop.set()
                [writer.result() for writer in writers]
        finally:
            stop.set()
    assert {status for status, _ in answers} == {201, 503}
    assert {title for status, title in answers if status == 201} <= titles(city) - before
    forget()
    gc.collect()  # here, where they are expected, and not in somebody else's test
