"""One real Postgres and one real Redis for the whole run; every worker has its own databases, every test its own cities."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import City

TEMPLATE, RUN = "template_", "HEIDI_TEST_RUN"
PASSWORDS = {"heidi_owner": "owner", "heidi_app": "app", "heidi_relay": "relay"}


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the process that starts the workers, and migrate the templates."""
    if hasattr(config, "workerinput") or RUN in os.environ:
        return
    from tooling.stack import databases
    from tooling.stack.postgres import embedded_postgres
    from tooling.stack.redis import embedded_redis

    stack = config.stash[STACK] = ExitStack()
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="heidi-test-")))
    directory.chmod(0o755)
    postgres = stack.enter_context(embedded_postgres(directory))
    redis = stack.enter_context(embedded_redis(directory / "redis"))
    os.environ.update(
        {
            RUN: str(directory),
            "ENVIRONMENT": "test",
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(postgres.port),
            "POSTGRES_PASSWORD": "app",
            "POSTGRES_OWNER_PASSWORD": "owner",
            "POSTGRES_RELAY_PASSWORD": "relay",
            "POSTGRES_SUPERUSER_PASSWORD": postgres.password,
            "REDIS_URL": redis.url,
            "BCRYPT_ROUNDS": "4",
            "BROKER_URL": "http://127.0.0.1:9",
            "GATEWAY_URL": "http://127.0.0.1:9",
            "LOG_LEVEL": "ERROR",
            "RATE_LIMIT_TENANT": "100000",
            "RATE_LIMIT_USER": "100000",
            "RATE_LIMIT_IP": "100000",
        }
    )
    from tooling.migrate import migrate
    from tooling.registry import services

    names = [TEMPLATE + service for service in services()]
    databases.prepare(postgres, PASSWORDS, names)
    migrate(prefix=TEMPLATE)


STACK = pytest.StashKey[ExitStack]()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    if STACK in config.stash:
        config.stash[STACK].close()


@pytest.fixture(scope="session", autouse=True)
def own_databases(worker_id: str) -> Iterator[None]:
    """Clone the migrated templates for this worker, and take a Redis database of its own; close what is open in the end."""
    import gc

    from redis.connection import AbstractConnection

    from shared.pg import Connection, discard
    from shared.settings import settings
    from tests.support import superuser
    from tooling.registry import services

    prefix = f"heidi_{worker_id}_"
    with superuser("postgres") as connection:
        for service in services():
            connection.run(
                f'CREATE DATABASE "{prefix}{service}" TEMPLATE "{TEMPLATE}{service}" OWNER heidi_owner'
            )
            connection.run(f'GRANT CONNECT ON DATABASE "{prefix}{service}" TO heidi_app, heidi_relay')
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
def nothing_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events stay in the outbox, where `City.events` reads them and `City.settle` delivers them."""
    from queue import SimpleQueue
    from types import SimpleNamespace

    monkeypatch.setattr("shared.context.publisher", lambda: SimpleNamespace(waiting=SimpleQueue()))


@pytest.fixture(autouse=True)
def functions_ask_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Internal questions are answered by the functions themselves, without a gateway between."""
    from tests.support import asked

    monkeypatch.setattr("shared.inside.ask", asked)


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
