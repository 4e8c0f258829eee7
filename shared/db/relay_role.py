"""Conversations as the relay role, which sees of every tenant what tables let it see: what waits, and what
may be deleted.

No tenant is set in them, so that only the policies that name this role let rows through
(shared/db/migration.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from shared.db.pg import LOST, Connection, Pool, Row
from shared.kit.settings import settings


@lru_cache
def pool(database: str) -> Pool:
    """The relay role's connections to one database."""
    config = settings()
    return Pool(database, config.postgres_relay, config.postgres_relay_password.get_secret_value())


@contextmanager
def relay(database: str) -> Iterator[Connection]:
    """A connection as the relay role; when it turns out to be broken, the next one is new."""
    try:
        with pool(database).take() as connection:
            yield connection
    except LOST:
        pool(database).clear()
        raise


def ask(database: str, question: str, **values: Any) -> list[Row]:
    """The rows of one statement, which is a transaction of its own.

    It is asked once more when the idle connection was broken, as all are after the server was restarted.
    """
    try:
        return answer(database, question, values)
    except LOST:
        return answer(database, question, values)


def answer(database: str, question: str, values: dict[str, Any]) -> list[Row]:
    """Rows of one statement."""
    with relay(database) as connection:
        [rows] = connection.batch([(question, values)])
        return rows
