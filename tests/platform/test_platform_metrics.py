"""The gauges of the platform as a whole, read from real rows of several cities."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.adapters.circuit_breaker import FAULTS, Breaker, Ended
from shared.db.relay_role import pool, relay
from shared.kit.settings import settings
from shared.runtime import registry
from tests.auth.people import join, login
from tests.support import City, call, superuser

Samples = dict[tuple[str, ...], float]
BUILD = """INSERT INTO builds (id, tenant_id, number, platform, status, inputs, inputs_digest, config_version, requested_by, created_at,
 finished_at) VALUES (:id, :tenant, :number, :platform, :status, '{}', :digest, 1, :id, now() - make_interval(secs => :age),
 now() - make_interval(secs => CAST(:ended AS float))) RETURNING 1"""
DELIVERY = """INSERT INTO deliveries (id, tenant_id, notification_id, channel, template, state, created_at)
 VALUES (:id, :tenant, :id, :channel, 't', :state, now() - make_interval(secs => :age)) RETURNING 1"""
EVENT = """INSERT INTO outbox (id, tenant_id, type, source, time, correlation_id, actor_id, traceparent, data, written_at)
 VALUES (:id, :tenant, 't', 's', now(), '', '', '', '{}', now() - make_interval(secs => :age)) RETURNING 1"""
HOUR, DAY = 3600, 86400


@pytest.fixture(autouse=True)
def nothing_else() -> None:
    """Other tests leave rows behind that would be counted, too."""
    for service, table in (
        ("factory", "builds"),
        ("notification", "deliveries"),
        ("core", "outbox"),
        ("factory", "outbox"),
        ("platform", "dead_letters"),
    ):
        with superuser(settings().postgres_database_prefix + service) as connection:
            connection.run(f"DELETE FROM {table}")


LETTER = """INSERT INTO dead_letters (id, tenant_id, event_id, source, type, function, answer, attributes, data, delivered_at, created_at)
 VALUES (:id, :tenant, 'e', 's', 't', :function, '', '{}', '', :delivered, now() - make_interval(secs => :age)) RETURNING 1"""


def read(token: str | None = None) -> dict[str, Samples]:
    """All samples by name and label values."""
    got = call(
        "get-platform-metrics", token=settings().broker_token.get_secret_value() if token is None else token
    )
    assert got.status == 200, got.body
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(got.raw.decode())
    }


def build(city: City, status: str, *, age: float, ended: float | None = None, number: int = 1) -> None:
    city.rows(
        "factory",
        BUILD,
        id=uuid4(),
        tenant=city.id,
        number=number,
        platform="web",
        status=status,
        digest=str(number),
        age=age,
        ended=ended,
    )


def test_builds_are_counted_over_all_cities_by_their_state(city: City, other_city: City) -> None:
    build(city, "queued", age=90)
    build(other_city, "queued", age=40)
    build(city, "building", age=3 * DAY, number=2)
    build(city, "completed", age=2 * DAY, ended=HOUR, number=3)
    build(city, "failed", age=3 * DAY, ended=2 * DAY, number=4)
    found = read()
    assert found["heidi_builds"] == {("web", "queued"): 2, ("web", "building"): 1, ("web", "completed"): 1}
    assert found["heidi_build_queue_oldest_seconds"][()] == pytest.approx(90, abs=20)


def test_messages_of_the_last_hour_are_counted(city: City, other_city: City) -> None:
    for where, channel, state, age in (
        (city, "email", "sent", 5),
        (other_city, "email", "sent", 50),
        (city, "push", "failed", 5),
        (city, "email", "sent", HOUR + 60),
    ):
        where.rows(
            "notification", DELIVERY, id=uuid4(), tenant=where.id, channel=channel, state=state, age=age
        )
    assert read()["heidi_deliveries"] == {("email", "sent"): 2, ("push", "failed"): 1}


def test_what_waits_in_an_outbox_is_counted_and_its_age_is_that_of_the_oldest(
    city: City, other_city: City
) -> None:
    for number, (where, age) in enumerate(((city, 300), (other_city, 20))):
        where.rows("core", EVENT, id=f"01890000-0000-7000-8000-00000000000{number}", tenant=where.id, age=age)
    found = read()
    assert found["heidi_outbox_events"][("core",)] == 2
    assert found["heidi_outbox_oldest_seconds"][("core",)] == pytest.approx(300, abs=20)
    assert (
        found["heidi_outbox_events"][("factory",)],
        found["heidi_outbox_oldest_seconds"][("factory",)],
    ) == (0, 0)
    assert {service for [service] in found["heidi_platform_metrics_up"]} == set(registry.services())


def test_a_database_that_is_down_is_marked_and_the_others_are_counted(city: City) -> None:
    database = settings().postgres_database_prefix + "notification"
    with superuser("postgres") as connection:
        connection.run(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false')
        try:
            pool(database).clear()
            found = read()
        finally:
            connection.run(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true')
    assert "heidi_deliveries" not in found
    assert {service for [service], up in found["heidi_platform_metrics_up"].items() if not up} == {
        "notification"
    }
    assert ("notification",) not in found["heidi_outbox_events"]
    assert ("core",) in found["heidi_outbox_events"]


def test_only_the_platform_may_read_them(city: City) -> None:
    assert call("get-platform-metrics", token=city.token("super_admin")).code == "TOKEN_INVALID"
    assert call("get-platform-metrics").code == "TOKEN_INVALID"


@pytest.mark.parametrize(
    ("service", "question"),
    [
        ("factory", "SELECT requested_by FROM builds"),
        ("factory", "SELECT inputs FROM builds"),
        ("factory", "DELETE FROM builds"),
        ("notification", "SELECT user_id FROM deliveries"),
        ("notification", "SELECT reason FROM deliveries"),
        ("notification", "UPDATE deliveries SET state = 'sent'"),
    ],
)
def test_the_relay_role_sees_no_more_than_what_it_counts(service: str, question: str) -> None:
    with (
        relay(settings().postgres_database_prefix + service) as connection,
        pytest.raises(Exception, match="permission denied"),
    ):
        connection.batch([(question, {})])


def test_it_may_not_delete_what_it_counts(city: City) -> None:
    city.rows("notification", DELIVERY, id=uuid4(), tenant=city.id, channel="email", state="sent", age=5)
    with relay(settings().postgres_database_prefix + "notification") as connection:
        connection.batch([("DELETE FROM deliveries WHERE created_at <= now()", {})])
    assert read()["heidi_deliveries"] == {("email", "sent"): 1}


def test_dead_letters_are_counted_until_somebody_has_sent_them_again(city: City, other_city: City) -> None:
    for where, function, age, delivered in (
        (city, "a", 90, None),
        (other_city, "a", 30, None),
        (city, "b", HOUR, datetime.now(UTC)),
    ):
        where.rows(
            "platform", LETTER, id=uuid4(), tenant=where.id, function=function, age=age, delivered=delivered
        )
    found = read()
    assert found["heidi_dead_letters"][()] == 2
    assert found["heidi_dead_letters_oldest_seconds"][()] == pytest.approx(90, abs=20)


def test_an_outside_system_that_is_left_alone_is_seen() -> None:
    for _ in range(FAULTS):
        Breaker("smtp", "one server").tell(Ended("fault"))
    assert read()["heidi_circuit_state"] == {("smtp",): 2}


def test_how_long_the_builds_of_the_last_day_took_is_a_histogram(city: City, other_city: City) -> None:
    for number, (where, age, ended) in enumerate(
        ((city, 100, 96), (other_city, 100, 60), (city, 4000, 100), (city, 2 * DAY, 2 * DAY - 5))
    ):
        build(where, "completed", age=age, ended=ended, number=number)
    build(city, "failed", age=100, ended=50, number=9)
    got = call("get-platform-metrics", token=settings().broker_token.get_secret_value()).raw.decode()
    [found] = [
        family
        for family in text_string_to_metric_families(got)
        if family.name == "heidi_build_duration_seconds"
    ]
    by_bound = {
        sample.labels["le"]: sample.value for sample in found.samples if sample.name.endswith("_bucket")
    }
    assert (
        by_bound["1.0"],
        by_bound["5.0"],
        by_bound["30.0"],
        by_bound["60.0"],
        by_bound["3600.0"],
        by_bound["+Inf"],
    ) == (0, 1, 1, 2, 2, 3)
    [total] = [sample.value for sample in found.samples if sample.name.endswith("_sum")]
    assert total == pytest.approx(4 + 40 + 3900, abs=1)


def test_open_sessions_are_counted_without_seeing_whose_they_are(city: City) -> None:
    before = read()["heidi_sessions"][()]
    person = join(city)
    first = login(city, person).body
    login(city, person)
    assert read()["heidi_sessions"][()] == before + 2
    assert call("logout", token=first["accessToken"]).status == 204
    assert read()["heidi_sessions"][()] == before + 1
    with (
        relay(settings().postgres_database_prefix + "auth") as connection,
        pytest.raises(Exception, match="permission denied"),
    ):
        connection.batch([("SELECT account_id FROM sessions", {})])
