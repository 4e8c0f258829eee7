"""One real Postgres and one real Redis for the whole run; every worker has its own databases, every test its
own cities.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import pytest

from tests.support import City

RUN = "HEIDI_TEST_RUN"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that starts the workers."""
    if hasattr(config, "workerinput") or RUN in os.environ:
        return
    from tests import kept_cluster
    from tooling.stack.redis import embedded_redis

    stack = config.stash[STACK] = ExitStack()
    directory, postgres = stack.enter_context(kept_cluster.running())
    redis = stack.enter_context(embedded_redis(directory / "redis"))
    os.environ.update(
        {
            RUN: str(directory),
            **kept_cluster.environment(postgres),
            "POSTGRES_SUPERUSER_PASSWORD": postgres.password,
            "REDIS_URL": redis.url,
            "BCRYPT_ROUNDS": "4",
            "BROKER_URL": "http://127.0.0.1:9",
            "GATEWAY_URL": "http://127.0.0.1:9",
            "LOG_LEVEL": "ERROR",
            "POSTGRES_POOL_PATIENCE": "5",
            "RATE_LIMIT_TENANT": "100000",
            "RATE_LIMIT_USER": "100000",
            "RATE_LIMIT_IP": "100000",
        }
    )


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Sets that differ, in full: which are missing where; pytest itself shows a few of all of them."""
    if op != "==" or not (isinstance(left, set | frozenset) and isinstance(right, set | frozenset)):
        return None
    return [
        "these two sets differ",
        f"only on the left: {sorted(map(str, left - right))}",
        f"only on the right: {sorted(map(str, right - left))}",
    ]


STACK = pytest.StashKey[ExitStack]()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    if STACK in config.stash:
        config.stash[STACK].close()


@pytest.fixture(scope="session", autouse=True)
def own_databases(worker_id: str) -> Iterator[None]:
    """Clone the migrated databases for this worker (a run without workers has them to itself), and take a Redis
    database of its own; close what is open in the end.
    """
    import gc

    from redis.connection import AbstractConnection

    from shared.adapters import redis
    from shared.db.pg import Connection, discard
    from shared.db.roles import access
    from shared.kit.settings import settings
    from tests.kept_cluster import PREFIX
    from tests.support import superuser
    from tooling.registry import services

    prefix = f"heidi_{worker_id}_"
    if prefix != PREFIX:
        with superuser("postgres") as connection:
            for service in services():
                connection.run(
                    f'CREATE DATABASE "{prefix}{service}" TEMPLATE "{PREFIX}{service}" OWNER heidi_owner'
                )
                for statement in access(prefix + service):
                    connection.run(statement)
    assert not redis.connections.cache_info().currsize, (
        "a test file has called a function when it was read: Redis is another one then"
    )
    number = int(worker_id.removeprefix("gw") or 0) + 1 if worker_id != "master" else 0
    os.environ.update(
        {
            "POSTGRES_DATABASE_PREFIX": prefix,
            "REDIS_URL": os.environ["REDIS_URL"].rpartition("/")[0] + f"/{number}",
        }
    )
    settings.cache_clear()
    yield
    for connection in [
        kept for kept in gc.get_objects() if isinstance(kept, Connection | AbstractConnection)
    ]:
        discard(connection) if isinstance(connection, Connection) else connection.disconnect()


@pytest.fixture(autouse=True)
def nothing_is_kept_for_the_next_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests write rows behind the functions' back, which then drop nothing (but test_kept_answers.py)."""
    monkeypatch.setattr("shared.adapters.published.SECONDS", 0)


@pytest.fixture(autouse=True)
def nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events stay in the outbox, where `City.events` reads them and `City.settle` delivers them."""
    from types import SimpleNamespace

    monkeypatch.setattr("shared.context.publisher", lambda: SimpleNamespace(take=lambda _: None))


@pytest.fixture(autouse=True)
def functions_ask_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Internal questions are answered by the functions themselves, without a gateway between."""
    from tests.support import asked

    monkeypatch.setattr("shared.peers.internal_calls.ask", asked)


@pytest.fixture(autouse=True)
def circuits_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test's outside systems did opens no circuit for the next one."""
    monkeypatch.setattr("shared.adapters.circuit_breaker.PLATFORM_ID", uuid4())


@pytest.fixture(autouse=True)
def nothing_is_held_while_somebody_else_is_asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No function holds a connection, and with it a lock, while it asks the object store, a model, a vector
    or a mail server.

    But those that hand out a whole city: what they read is larger than a process, and as it was at one
    moment; they lock nothing.
    """
    from shared.adapters import circuit_breaker, http_client
    from shared.db.pg import borrower
    from shared.telemetry.logs import about

    held: list[str] = []

    def looked(what: Callable[..., Any]) -> Callable[..., Any]:
        def look(*args: Any, **kwargs: Any) -> Any:
            function = about.get().get("function", "")
            if borrower().lent and function and not function.startswith("export-"):
                held.append(function)
            return what(*args, **kwargs)

        return look

    monkeypatch.setattr(circuit_breaker.Breaker, "ask", looked(circuit_breaker.Breaker.ask))
    monkeypatch.setattr(http_client, "call", looked(http_client.call))
    yield
    assert held == []


@pytest.fixture(autouse=True)
def an_hour_of_its_own() -> None:
    """The mails that other tests have had sent do not count: an address is braked over all cities together."""
    from shared.adapters import redis
    from shared.kit.ids import PLATFORM_ID

    if counted := redis.command("KEYS", f"tenant:{PLATFORM_ID}:mails:*"):
        redis.command("DEL", *counted)


@pytest.fixture
def city() -> Iterator[City]:
    """A city of this test's own."""
    with City.known("heidelberg") as made:
        yield made


@pytest.fixture
def other_city() -> Iterator[City]:
    """Another city, which must not notice anything."""
    with City.known("ladenburg") as made:
        yield made
