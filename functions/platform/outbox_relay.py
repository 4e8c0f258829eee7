"""What the relay role does in every service's database: publish what was left in the outbox, clear out old
claims.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Self

from pg8000.dbapi import DatabaseError

from functions.platform.queries import (
    ALONE,
    CHANGED,
    DATABASES,
    EXPIRING,
    FORGET_CHANGES,
    HAS_OUTBOX,
    PRUNE,
    WAITING,
)
from shared.db.pg import LOST, Row
from shared.db.relay_role import ask, relay
from shared.db.sql import BEGIN, COMMIT
from shared.errors import Unavailable
from shared.events.outbox import DELETE, PATIENCE, Outgoing
from shared.events.publisher import AWAY, REFUSED, Post
from shared.kit.cloudevents import Envelope
from shared.kit.settings import settings

TROUBLE = (Unavailable, DatabaseError, *LOST)
log = logging.getLogger("heidi.relay")


class Source(NamedTuple):
    """Rows that are events on their way: how to read what waits, where to begin, and how to forget what has
    gone.
    """

    waiting: str
    first: str
    forget: str


OUTBOX = Source(WAITING, "00000000-0000-0000-0000-000000000000", DELETE)
# what the tables note of themselves (shared/db/migration.py: audited)
CHANGES = Source(CHANGED, "0", FORGET_CHANGES)


class BrokerAway(Exception):
    """The broker takes nothing at the moment; the next sweep tries again."""


class Courier(Post):
    """The way to the broker for whoever can wait for it; its connections end with `with`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def brings(self, events: Sequence[Outgoing]) -> Iterator[str]:
        """The ids of those that the broker has accepted; BrokerAway, after them, when it accepts no more now."""
        told = self.send(events)
        for event, status in zip(events, told, strict=True):
            if 200 <= status < 300:
                yield event.envelope.id
            elif status in REFUSED:
                log.error(
                    "the broker refuses an event",
                    extra={
                        "context": {
                            "id": event.envelope.id,
                            "type": event.envelope.type,
                            "database": event.database,
                            "status": status,
                        }
                    },
                )
        if away := [status for status in told if status >= 300 and status not in REFUSED]:
            raise BrokerAway(f"status {away[0]}")
        if AWAY in told:
            raise BrokerAway("no answer")


def databases() -> list[str]:
    """The services' databases: those under our prefix that have an outbox. The registry of cities is always
    there.
    """
    prefix = settings().postgres_database_prefix
    return [name for [name] in ask(prefix + "city", DATABASES, prefix=prefix) if has_outbox(name)]


def has_outbox(database: str) -> bool:
    """Whether a service keeps its events here; a database that does not answer is left out, and said so."""
    try:
        return bool(ask(database, HAS_OUTBOX)[0][0])
    except TROUBLE as error:
        report(database, error)
        return False


def sweep(database: str, courier: Courier, older_than: float = PATIENCE, source: Source = OUTBOX) -> int:
    """Publish what has waited for longer than this many seconds, oldest first; how many events that were.

    One sweep works on a database at a time: another one that comes meanwhile goes on to the next database.
    """
    sent, after = 0, source.first
    values = {"age": older_than} if source is OUTBOX else {"age": older_than, "service": service_of(database)}
    while True:
        with relay(database) as connection:
            _, [[alone]], rows = connection.batch(
                [(BEGIN, {}), (ALONE, {}), (source.waiting, {"after": after, **values})]
            )
            if not alone or not rows:
                connection.batch([(COMMIT, {})])
                return sent
            accepted: list[str] = []
            try:
                for identity in courier.brings(list(outgoing(database, rows))):
                    accepted.append(identity)  # noqa: PERF402 (what was taken counts, also when the next is not)
            finally:
                connection.batch([(source.forget, {"ids": accepted}), (COMMIT, {})])
        sent, after = sent + len(accepted), str(rows[-1][0])


def swept(database: str, courier: Courier, older_than: float, source: Source = OUTBOX) -> int | None:
    """As `sweep`, where a database that does not answer waits for the next time; None when the broker takes
    nothing now.
    """
    try:
        return sweep(database, courier, older_than, source)
    except BrokerAway as away:
        log.warning(
            "the broker takes no events; they stay where they are", extra={"context": {"problem": str(away)}}
        )
        return None
    except TROUBLE as error:
        report(database, error)
        return 0


def outgoing(database: str, rows: Iterable[Row]) -> Iterable[Outgoing]:
    """Outbox rows as events."""
    for identity, *said, data in rows:
        yield Outgoing(database, Envelope(str(identity), *said), data.encode())


def service_of(database: str) -> str:
    """The service that a database belongs to."""
    return database.removeprefix(settings().postgres_database_prefix)


def prune(database: str) -> None:
    """Delete what a table's own policy lets the relay role see, a few thousand rows at a time."""
    for table, column in ask(database, EXPIRING):
        oldest = PRUNE.format(table=table, column=column)  # names from the catalogue, quoted there
        try:
            while ask(database, oldest) != [[0]]:
                pass
        except DatabaseError as error:
            report(database, error, table)


def report(database: str, error: Exception, table: str = "") -> None:
    """Note that a database, or one of its tables, has to wait for the next time."""
    log.warning(
        "a database does not answer",
        extra={
            "context": {
                "database": database,
                "error": type(error).__name__,
                **({"table": table} if table else {}),
            }
        },
    )
