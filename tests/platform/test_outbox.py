"""The sweep: what a crash left in an outbox reaches the broker, once it is there, and nothing is lost on the way."""

from collections.abc import Iterator
from threading import Event, Thread
from uuid import uuid4

import pytest

from functions.platform.queries import EXPIRING, PRUNE
from functions.platform.relay import databases
from shared.pg import error_code
from shared.relay import ask, relay
from shared.settings import settings
from tests.adapters.running import free_ports
from tests.core.factories import make_listing
from tests.platform.fake_broker import FakeBroker, answering
from tests.support import City, call, superuser
from tooling.broker.tick import next_after
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
    age(6)
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
    age(3)
    assert tick() == 204
    assert (broker.came, left(city)) == ([], 1)


def test_while_the_broker_is_away_everything_stays(city: City) -> None:
    make_listing(city)
    age(6)
    with entered({"BROKER_URL": f"http://127.0.0.1:{free_ports(1)[0]}"}):
        assert tick() == 204
    assert left(city) == 1


def test_after_a_restart_of_postgres_the_next_sweep_publishes_all(city: City, broker: FakeBroker) -> None:
    make_listing(city)
    age(6)
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
    age(6)
    broker.status = lambda n: 202 if n == 1 else 503
    assert tick() == 204
    assert left(city) == 2
    assert len(broker.came) == 2
    broker.status = lambda _: 202
    tick()
    assert left(city) == 0
    assert len(broker.came) == 4


def test_an_event_that_the_broker_will_never_take_does_not_hold_up_the_others(
    city: City, broker: FakeBroker
) -> None:
    for _ in range(3):
        make_listing(city)
    age(6)
    broker.status = lambda n: 400 if n == 1 else 202
    assert tick() == 204
    assert [event.envelope.id for event in city.events()] == [broker.came[0]["ce-id"]]


def test_more_than_one_batch_goes_in_one_sweep(city: City, broker: FakeBroker) -> None:
    make_listing(city)
    [said] = city.events()
    with superuser(settings().postgres_database_prefix + "core") as connection:
        connection.run(
            """INSERT INTO outbox SELECT (jsonb_populate_record(o, jsonb_build_object('id', gen_random_uuid()))).*
          FROM outbox o, generate_series(1, 450) WHERE o.id = :id""",
            id=said.envelope.id,
        )
    age(6)
    assert tick() == 204
    assert len({event["ce-id"] for event in broker.came}) == len(broker.came) == 451
    assert left(city) == 0


def test_two_sweeps_at_once_send_everything_once(city: City, broker: FakeBroker) -> None:
    make_listing(city)
    age(6)
    second_is_done = Event()

    def slowly(_: int) -> int:
        assert second_is_done.wait(10)
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
    age(6)
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
    age(6)
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
