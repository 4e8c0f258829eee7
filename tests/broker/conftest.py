"""A database of the run's Postgres for the broker's tests, empty at the start of each."""

import os

import pytest
from pg8000.native import Connection

from broker.settings import BrokerSettings
from tests.broker.support import TOKEN
from tests.support import superuser

OWNER, PASSWORD = "heidi_owner", "owner"


@pytest.fixture(scope="session")
def database(worker_id: str) -> str:
    name = f"heidi_{worker_id}_broker"
    with superuser("postgres") as connection:
        # other folders borrow this fixture
        if not connection.run("SELECT 1 FROM pg_database WHERE datname = :name", name=name):
            make_database(connection, name)
    return name


@pytest.fixture
def settings(database: str) -> BrokerSettings:
    with superuser(database) as connection:
        connection.run("DROP TABLE IF EXISTS dead_letters, deliveries, events, ticks")
    return settings_for(int(os.environ["POSTGRES_PORT"]), database)


def make_database(connection: Connection, name: str) -> None:
    """Make a database that the owner's role owns; and the role, on a server that is new."""
    if not connection.run("SELECT 1 FROM pg_roles WHERE rolname = :role", role=OWNER):
        connection.run(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")
    connection.run(f"CREATE DATABASE {name} OWNER {OWNER}")


def settings_for(port: int, database: str) -> BrokerSettings:
    """The settings of a broker that uses this database."""
    return BrokerSettings(
        database_url=None,
        postgres_host="127.0.0.1",
        postgres_port=port,
        postgres_owner=OWNER,
        postgres_owner_password=PASSWORD,
        broker_database=database,
        broker_token=TOKEN,
        broker_timeout=10,
        broker_keeper="",
    )
