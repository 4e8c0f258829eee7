"""What the relay role does in every service's database: publish what was left in the outbox, clear out old claims."""
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from http.client import HTTPException
from typing import Any, Self

from pg8000.dbapi import DatabaseError

from shared.cloudevents import Envelope
from shared.errors import Unavailable
from shared.outbox import DELETE, Outgoing, Publisher
from shared.pg import LOST, Connection, Pool, Row
from shared.settings import settings
from shared.sql import BEGIN, COMMIT

DATABASES = """SELECT datname FROM pg_database WHERE starts_with(datname, :prefix) AND datallowconn
 AND has_database_privilege(datname, 'CONNECT') ORDER BY datname"""
HAS_OUTBOX = "SELECT to_regclass('public.outbox') IS NOT NULL AND to_regclass('public.inbox') IS NOT NULL"
ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('heidi.sweep'))"
WAITING = """SELECT id, source, type, time, tenant_id, correlation_id, actor_id, traceparent, data FROM outbox
 WHERE written_at < now() - make_interval(secs => :age) AND id > CAST(:after AS uuid) ORDER BY id LIMIT 200"""
PRUNE = ("DELETE FROM inbox WHERE claimed_at < now() - interval '7 days'",
         "DELETE FROM idempotency WHERE claimed_at < now() - interval '24 hours'")
PATIENCE = 5.0  # seconds that a function's own publisher has
FIRST = "00000000-0000-0000-0000-000000000000"
WRONG = frozenset({400, 404, 409, 413, 415, 422})  # the broker will never take this event
TROUBLE = (Unavailable, DatabaseError, *LOST)
log = logging.getLogger("heidi.relay")


class BrokerAway(Exception):
    """The broker takes nothing at the moment; the next sweep tries again."""


class Courier(Publisher):
    """A publisher without a thread of its own, for whoever can wait for the broker; its connection ends with `with`."""

    def __init__(self) -> None:
        self.connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.connection:
            self.connection.close()

    def takes(self, event: Outgoing) -> bool:
        """Whether the broker has accepted the event; BrokerAway when it would accept none."""
        try:
            status = self.post(event)
        except (OSError, HTTPException) as error:
            raise BrokerAway(type(error).__name__) from error
        if status in WRONG:
            log.error("the broker refuses an event", extra={"context": {"id": event.envelope.id, "type": event.envelope.type,
                                                                        "database": event.database, "status": status}})
        elif status >= 300:
            raise BrokerAway(f"status {status}")
        return status < 300


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


def databases() -> list[str]:
    """The services' databases: those under our prefix that have an outbox. The registry of cities is always there."""
    prefix = settings().postgres_database_prefix
    return [name for [name] in ask(prefix + "city", DATABASES, prefix=prefix) if has_outbox(name)]


def has_outbox(database: str) -> bool:
    """Whether a service keeps its events here; a database that does not answer is left out, and said so."""
    try:
        return bool(ask(database, HAS_OUTBOX)[0][0])
    except TROUBLE as error:
        report(database, error)
        return False


def ask(database: str, question: str, **values: Any) -> list[Row]:
    """Rows; asked once more when the idle connection was broken, as all are after the server was restarted."""
    try:
        return answer(database, question, values)
    except LOST:
        return answer(database, question, values)


def answer(database: str, question: str, values: dict[str, Any]) -> list[Row]:
    """Rows of one statement."""
    with relay(database) as connection:
        [rows] = connection.batch([(question, values)])
        return rows


def sweep(database: str, courier: Courier, older_than: float = PATIENCE) -> int:
    """Publish what has waited for longer than this many seconds, oldest first; how many events that were.

    One sweep works on a database at a time: another one that comes meanwhile goes on to the next database.
    """
    sent, after = 0, FIRST
    while True:
        with relay(database) as connection:
            _, [[alone]], rows = connection.batch([(BEGIN, {}), (ALONE, {}), (WAITING, {"after": after, "age": older_than})])
            if not alone or not rows:
                connection.batch([(COMMIT, {})])
                return sent
            accepted: list[str] = []
            try:
                for event in outgoing(database, rows):
                    if courier.takes(event):
                        accepted.append(event.envelope.id)  # noqa: PERF401 (what was taken counts, also when the next is not)
            finally:
                connection.batch([(DELETE, {"ids": accepted}), (COMMIT, {})])
        sent, after = sent + len(accepted), str(rows[-1][0])


def outgoing(database: str, rows: Iterable[Row]) -> Iterable[Outgoing]:
    """Outbox rows as events."""
    for identity, source, kind, time, tenant_id, correlation_id, actor_id, traceparent, data in rows:
        envelope = Envelope(str(identity), source, kind, time, tenant_id, correlation_id, actor_id, traceparent)
        yield Outgoing(database, envelope, data.encode())


def prune(database: str) -> None:
    """Forget which events and idempotency keys were seen long ago."""
    with relay(database) as connection:
        connection.batch([(statement, {}) for statement in PRUNE])


def report(database: str, error: Exception) -> None:
    """Note that a database has to wait for the next time."""
    log.warning("a database does not answer", extra={"context": {"database": database, "error": type(error).__name__}})
