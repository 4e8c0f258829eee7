"""One moment in all databases: no event is said in it without being kept, and none is handled without having
been said.

A snapshot per database alone would not do: a listing could be published in one and pending in the other. So
writers of events are held back, for some milliseconds, while every database notes its snapshot; the dumps
read those at leisure.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from pg8000.native import DatabaseError

from tooling.backup.server import Server
from tooling.command_failed import CommandFailed
from tooling.stack.databases import code

if TYPE_CHECKING:
    from pg8000.native import Connection

# in the order in which functions write them, or we would lock each other out
HELD_BACK = ("inbox", "changes", "outbox")
LAST = "broker"  # what it has finished was committed before: a later look loses nothing
LOCKED, DEADLOCK = "55P03", "40P01"
TRIES, PATIENCE, PAUSE = 20, "500ms", 0.25


@contextmanager
def cut(server: Server, services: Iterable[str]) -> Iterator[dict[str, "Connection"]]:
    """Connections by service, each in a read-only transaction that sees its database as it was at that
    moment.
    """
    names = sorted(services, key=lambda name: (name == LAST, name))
    with ExitStack() as stack:
        reading = {name: stack.enter_context(server.connect(server.prefix + name)) for name in names}
        with held_back(server, names):
            for connection in reading.values():
                connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                connection.run("SELECT 1")  # the first statement takes the snapshot
        yield reading


@contextmanager
def held_back(server: Server, names: Iterable[str]) -> Iterator[None]:
    """Nobody commits an event, a claim or a noted change inside the block."""
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect(server.prefix + name)) for name in names]
        for attempt in range(TRIES):
            try:
                for connection in connections:
                    hold_back(connection)
                break
            except DatabaseError as error:
                for connection in connections:
                    connection.run("ROLLBACK")
                if code(error) not in {LOCKED, DEADLOCK}:
                    raise
                time.sleep(PAUSE * (attempt + 1))
        else:
            raise CommandFailed(
                "Some transaction goes on for so long that no common moment was found. Try again later."
            )
        yield


def hold_back(connection: "Connection") -> None:
    """Wait for those that are writing events in one database, and let nobody else begin."""
    connection.run("BEGIN")
    connection.run(f"SET LOCAL lock_timeout = '{PATIENCE}'")
    for table in HELD_BACK:
        if connection.run("SELECT 1 WHERE to_regclass(:name) IS NOT NULL", name=f"public.{table}"):
            connection.run(f"LOCK TABLE public.{table} IN SHARE MODE")


def snapshot(connection: "Connection") -> str:
    """A name under which pg_dump sees what this transaction sees."""
    return str((connection.run("SELECT pg_export_snapshot()") or [[""]])[0][0])
