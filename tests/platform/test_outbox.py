"""The sweep: what a crash left in an outbox reaches the broker, once it is there, and nothing is lost on the
way.
"""

import json
from collections.abc import Iterator
from threading import Barrier, Event, Thread
from types import SimpleNamespace
from uuid import uuid4

import pytest

from broker.tick import next_after
from functions.platform.outbox_relay import Courier, databases, sweep
from functions.platform.queries import EXPIRING, PRUNE
from shared.db.pg import Connection, Row, Statement, error_code
from shared.db.relay_role import ask, relay
from shared.db.sql import COMMIT
from shared.events.outbox import HOLDS, PATIENCE, Outgoing, Publisher, forget
from shared.events.publisher import ANSWERS_WITHIN
from shared.kit.settings import settings
from tests.adapters.running import free_ports
from tests.core.factories import make_listing
from tests.platform.fake_broker import FakeBroker, answering
from tests.stack import eventually
from tests.support import City, call, superuser
from tooling.registry import records, services
from tooling.stack.environment import entered


@pytest.fixture
def broker() -> Iterator[FakeBroker]:
    with answering() as server:
        yield server


@pytest.fixture(autouse=True)
def empty_outboxes() -> None:
    for service in services():
        with superuser(settings().postgres_database_prefix + service) as connection:
            connection.run("DELETE FROM outbox")


def tick(name: str = "sweep-outbox") -> int:
    return call(name, path="/", token=settings().broker_token.get_secret_value()).status


def age(seconds: int) -> None:
    """Let what is in core's outbox have waited."""
    with superuser(settings().postgres_database_prefix + "core") as connection:
        connection.run(
            "UPDATE outbox SET written_at = now() - make_interval(secs => :seconds)", seconds=seconds
        )


def left(city: City) -> int:
    return len(city.events())


def test_what_was_left_behind_is_published_in_order_and_forgotten(
    city: City, other_city: City, broker: FakeBroker
) -> None:
    listings = [make_listing(where, title=f"Nummer {n}") for n, where in enumerate((city, other_city, city))]
    said = [*city.events(), *other_city.events()]
    age(13)
    assert tick() == 204
    assert [event["ce-id"] for event in broker.came] == sorted(event.envelope.id for event in said)
    assert [event["ce-tenantid"] for event in broker.came] == [
        str(where.id) for where in (city, other_city, city)
    ]
    first = broker.came[0]
    assert listings[0]["id"] in first["body"]
    assert (first["ce-type"], first["ce-source"]) == ("app.heidi.listing.created", "/heidi/core")
    assert first["authorization"] == f"Bearer {settings().broker_token.get_secret_value()}"
    assert {"ce-time", "ce-correlationid", "ce-actorid", "ce-traceparent"} <= set(first)
    assert left(city) == left(other_city) == 0
    assert tick() == 204
    assert len(broker.came) == 3


def test_what_is_only_just_written_is_left_to_its_writer(city: City, broker: FakeBroker) -> None:
    make_listing(city)
    age(10)
    assert tick() == 204
    assert (broker.came, left(city)) == ([], 1)


def test_while_the_broker_is_away_everything_stays(city: City) -> None:
    make_listing(city)
    age(13)
    with entered({"BROKER_URL": f"http://127.0.0.1:{free_ports(1)[0]}"}):
        assert tick() == 204
    assert left(city) == 1


def test_after_a_restart_of_postgres_the_next_sweep_publishes_all(city: City, broker: FakeBroker) -> None:
    make_listing(city)
    age(13)
    databases()  # there are idle connections now
    with superuser("postgres") as connection:
        connection.run(
            """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
          WHERE usename = :relay AND starts_with(datname, :ours)""",
            relay=settings().postgres_relay,
            ours=settings().postgres_database_prefix,
        )
    assert tick() == 204
    assert left(city) == 0


def test_what_the_broker_took_before_it_failed_is_not_sent_again(city: City, broker: FakeBroker) -> None:
    for _ in range(3):
        make_listing(city)
    age(13)
    broker.status = lambda n: 202 if n == 1 else 503
    assert tick() == 204
    assert left(city) == 2
    assert len(broker.came) == 2  # one after the other, as long as that is quick
    broker.status = lambda _: 202
    tick()
    assert left(city) == 0
    assert len(broker.came) == 4


def test_an_event_that_the_broker_will_never_take_does_not_hold_up_the_others(
    city: City, broker: FakeBroker
) -> None:
    for _ in range(3):
        make_listing(city)
    age(13)
    broker.status = lambda n: 400 if n == 1 else 202
    assert tick() == 204
    assert [event.envelope.id for event in city.events()] == [broker.came[0]["ce-id"]]


def many(city: City, more: int) -> None:
    """A listing's event, and so many copies of it."""
    make_listing(city)
    [said] = city.events()
    with superuser(settings().postgres_database_prefix + "core") as connection:
        connection.run(
            """INSERT INTO outbox SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid()))).*
          FROM outbox o, generate_series(1, :more) WHERE o.id = :id""",
            id=said.envelope.id,
            more=more,
        )
    age(13)


@pytest.mark.parametrize("takes_batches", [False, True])
def test_more_than_one_page_goes_in_one_sweep(city: City, broker: FakeBroker, *, takes_batches: bool) -> None:
    many(city, 1100)
    broker.takes_batches = takes_batches
    assert tick() == 204
    assert len({event["ce-id"] for event in broker.came}) == len(broker.came) == 1101
    assert max(broker.requests) == (500 if takes_batches else 1)
    assert left(city) == 0


def test_in_a_batch_an_event_says_and_is_what_it_is_alone(city: City, broker: FakeBroker) -> None:
    many(city, 1)
    broker.takes_batches = True
    assert tick() == 204
    assert broker.requests == [1, 1]  # the first one's answer said that more may come at once
    many(city, 2)
    assert tick() == 204
    assert broker.requests[2:] == [1, 2]
    alone, together = (
        {k: v for k, v in event.items() if k.startswith("ce-") and k not in {"ce-id", "ce-datacontenttype"}}
        for event in broker.came[-3:-1]
    )
    assert alone == together
    assert json.loads(broker.came[-3]["body"]) == json.loads(broker.came[-1]["body"])


def test_a_broker_that_takes_batches_no_more_gets_them_one_by_one(city: City, broker: FakeBroker) -> None:
    many(city, 9)
    with Courier() as courier:
        courier.takes_batches = True  # what the one before it said
        assert sweep(settings().postgres_database_prefix + "core", courier) == 10
    assert broker.requests == [0] + [1] * 10
    assert left(city) == 0


def test_a_broker_that_answers_late_gets_eight_at_a_time(
    city: City, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.events.publisher.PROMPT", 0)  # nobody needs to wait for that here
    many(city, 8)
    together = Barrier(8)

    def all_are_here(number: int) -> int:
        return 202 if number == 1 or together.wait(120) >= 0 else 503

    broker.status = all_are_here
    assert tick() == 204
    assert left(city) == 0


def written(city: City) -> list[Outgoing]:
    """What waits in core's outbox, as it was when it was committed."""
    return [
        Outgoing(settings().postgres_database_prefix + said.service, said.envelope, said.text.encode())
        for said in city.events()
    ]


def publishing(events: list[Outgoing]) -> Publisher:
    publisher = Publisher()
    for event in events:
        publisher.take(event)
    return publisher


def test_what_is_committed_together_is_published_in_few_requests_and_then_forgotten(
    city: City, broker: FakeBroker
) -> None:
    many(city, 300)
    broker.takes_batches = True
    publishing(written(city))
    eventually(lambda: left(city) == 0, "all to be published")
    assert len(broker.came) == len({event["ce-id"] for event in broker.came}) == 301
    assert len(broker.requests) < 10


def test_events_of_several_cities_are_forgotten_in_one_transaction(
    city: City, other_city: City, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for one in (city, other_city):
        many(one, 2)
    events = [*written(city), *written(other_city)]
    commits: list[int] = []
    batch = Connection.batch

    def counted(self: Connection, statements: list[Statement], **how: bool) -> list[list[Row]]:
        commits.append(sum(sql == COMMIT for sql, _ in statements))
        return batch(self, statements, **how)

    monkeypatch.setattr(Connection, "batch", counted)
    forget(events)
    assert sum(commits) == 1
    monkeypatch.undo()
    assert (left(city), left(other_city)) == (0, 0)


def test_what_the_publisher_has_held_for_too_long_it_leaves_to_the_sweep(
    city: City, broker: FakeBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(city, 4)
    old, *young = written(city)
    release, moment = Event(), [0.0]
    monkeypatch.setattr("shared.events.outbox.time", SimpleNamespace(monotonic=lambda: moment[0]))
    broker.status = lambda _: 202 if release.wait(120) else 503
    publisher = publishing([old])
    eventually(lambda: broker.came, "the first to be on its way")
    publisher.take(young[0])
    moment[0] = HOLDS + 1
    publisher.take(young[1])
    release.set()
    eventually(lambda: len(broker.came) == 2, "the one that is not too old")
    eventually(lambda: left(city) == 3, "both to be forgotten")
    assert [event["ce-id"] for event in broker.came] == [old.envelope.id, young[1].envelope.id]
    tick()
    assert len(broker.came) == len({event["ce-id"] for event in broker.came}) == 5


def test_the_publisher_holds_no_more_than_it_may(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    many(city, 4)
    monkeypatch.setattr(Publisher, "work", lambda _: None)
    monkeypatch.setattr("shared.events.outbox.MOST_BYTES", 2_500)
    publisher = Publisher()
    for event in written(city):
        publisher.take(event)
    assert publisher.waiting.qsize() == 2
    assert left(city) == 5


def test_the_sweep_takes_nothing_that_a_publisher_may_still_send() -> None:
    assert PATIENCE >= HOLDS + 2 * ANSWERS_WITHIN + 1


def test_two_sweeps_at_once_send_everything_once(city: City, broker: FakeBroker) -> None:
    make_listing(city)
    age(13)
    second_is_done = Event()

    def slowly(_: int) -> int:
        assert second_is_done.wait(120)
        return 202

    broker.status = slowly
    first = Thread(target=tick)
    first.start()
    while not broker.came:
        second_is_done.wait(0.01)
    assert tick() == 204
    second_is_done.set()
    first.join()
    assert (len(broker.came), left(city)) == (1, 0)


def test_a_database_that_refuses_does_not_stop_the_others(city: City, broker: FakeBroker) -> None:
    make_listing(city)
    age(13)
    with superuser(settings().postgres_database_prefix + "city") as connection:
        connection.run("REVOKE DELETE ON outbox FROM heidi_relay")
        connection.run(
            """INSERT INTO outbox (id, tenant_id, type, source, time, correlation_id, actor_id, traceparent, data, written_at)
          VALUES (gen_random_uuid(), :tenant, 'x', 'x', now(), '', '', '', '{}', now() - interval '1 hour')""",
            tenant=uuid4(),
        )
        try:
            assert tick() == 204
        finally:
            connection.run("GRANT DELETE ON outbox TO heidi_relay")
    assert left(city) == 0


def test_after_a_lost_connection_the_next_sweep_works(city: City, broker: FakeBroker) -> None:
    assert tick() == 204
    with superuser("postgres") as connection:
        connection.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'heidi_relay' AND datname LIKE :name",
            name=settings().postgres_database_prefix + "%",
        )
    make_listing(city)
    age(13)
    assert {tick() for _ in range(len(services()) + 1)} <= {204, 503}
    assert tick() == 204
    assert left(city) == 0


def test_every_service_with_an_outbox_is_swept() -> None:
    prefix = settings().postgres_database_prefix
    assert databases() == sorted(prefix + service for service in services())


def test_the_relay_role_reads_nothing_but_outboxes() -> None:
    core = settings().postgres_database_prefix + "core"
    for statement in (
        "SELECT 1 FROM listings",
        "SELECT function FROM inbox",
        "SELECT body FROM idempotency",
        "UPDATE outbox SET data = ''",
        "INSERT INTO outbox (data) VALUES ('')",
    ):
        with pytest.raises(Exception, match="permission denied") as refused, relay(core) as connection:
            connection.batch([(statement, {})])
        assert error_code(refused.value) == "42501"


def test_old_claims_are_forgotten_and_younger_ones_are_not(city: City) -> None:
    with superuser(settings().postgres_database_prefix + "core") as connection:
        for days in (8, 6):
            connection.run(
                "INSERT INTO inbox VALUES (:tenant, 'f', 's', :id, now() - make_interval(days => :days))",
                tenant=city.id,
                id=str(days),
                days=days,
            )
        for hours in (25, 23):
            connection.run(
                """INSERT INTO idempotency (tenant_id, function, caller, key, request_hash, claimed_at)
              VALUES (:tenant, 'f', 'c', :key, 'h', now() - make_interval(hours => :hours))""",
                tenant=city.id,
                key=str(hours),
                hours=hours,
            )
    assert tick("prune-expired-rows") == 204
    assert city.rows("core", "SELECT event_id FROM inbox") == [["6"]]
    assert city.rows("core", "SELECT key FROM idempotency") == [["23"]]


def test_a_table_that_cannot_be_pruned_does_not_keep_the_others_of_its_database(city: City) -> None:
    with superuser(settings().postgres_database_prefix + "core") as connection:
        for table in ("inbox", "idempotency"):
            other = "idempotency" if table == "inbox" else "inbox"
            connection.run(
                "INSERT INTO inbox VALUES (:tenant, 'f', 's', 'old', now() - interval '8 days') ON CONFLICT DO NOTHING",
                tenant=city.id,
            )
            connection.run(
                """INSERT INTO idempotency (tenant_id, function, caller, key, request_hash, claimed_at)
              VALUES (:tenant, 'f', 'c', 'old', 'h', now() - interval '2 days') ON CONFLICT DO NOTHING""",
                tenant=city.id,
            )
            connection.run(f"REVOKE DELETE ON {table} FROM heidi_relay")
            try:
                assert tick("prune-expired-rows") == 204
            finally:
                connection.run(f"GRANT DELETE ON {table} TO heidi_relay")
            assert city.rows("core", f"SELECT 1 FROM {other}") == [], other


def test_no_statement_prunes_more_than_it_can_in_its_time(city: City) -> None:
    with superuser(settings().postgres_database_prefix + "core") as connection:
        connection.run(
            """INSERT INTO inbox SELECT :tenant, 'f', 's', n::text, now() - interval '8 days' - make_interval(secs => n)
          FROM generate_series(1, 12000) n""",
            tenant=city.id,
        )
        connection.run("INSERT INTO inbox VALUES (:tenant, 'f', 's', 'young', now())", tenant=city.id)
        connection.run("""CREATE FUNCTION too_many() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF (SELECT count(*) FROM gone) > 5000 THEN RAISE 'canceling statement due to statement timeout'; END IF; RETURN NULL; END $$""")
        connection.run("""CREATE TRIGGER too_many AFTER DELETE ON inbox REFERENCING OLD TABLE AS gone
          FOR EACH STATEMENT EXECUTE FUNCTION too_many()""")
        try:
            assert tick("prune-expired-rows") == 204
        finally:
            connection.run("DROP FUNCTION too_many CASCADE")
    assert city.rows("core", "SELECT event_id FROM inbox") == [["young"]]


def test_every_age_that_a_table_promises_names_the_clock_it_goes_by() -> None:
    for database in databases():
        for table, column in ask(database, EXPIRING):
            assert ask(database, PRUNE.format(table=table, column=column)) is not None


def test_the_relay_role_cannot_forget_what_is_young(city: City) -> None:
    with superuser(settings().postgres_database_prefix + "core") as connection:
        connection.run("INSERT INTO inbox VALUES (:tenant, 'f', 's', 'young', now())", tenant=city.id)
    with relay(settings().postgres_database_prefix + "core") as connection:
        connection.batch([("DELETE FROM inbox", {}), ("DELETE FROM idempotency", {})])
    assert city.rows("core", "SELECT event_id FROM inbox") == [["young"]]


def test_the_sweep_comes_every_ten_seconds_and_the_pruning_every_hour() -> None:
    assert next_after(records()["sweep-outbox"].cron, 1000.0) == 1010.0
    assert next_after(records()["prune-expired-rows"].cron, 0.0) == 23 * 60.0
