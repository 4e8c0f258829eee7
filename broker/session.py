"""One Postgres session in a thread of its own, for the event loop to await."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from pg8000.exceptions import DatabaseError

from broker.sql import LOCK
from shared.db.pg import LOST, Connection, Row, Statement, discard, error_code

GONE = ("08", "57P", "25")  # connection failures, shutdowns, and a transaction that is no longer usable
ANSWERS_WITHIN = 15.0


class Lost(Exception):
    """Postgres is not there; what was asked may or may not have been done."""


class Refused(Exception):
    """Postgres is there and says no; nothing was done."""

    def __init__(self, error: DatabaseError) -> None:
        super().__init__(str(error))
        self.code = error_code(error)


class Unavailable(Exception):
    """The events could not be stored; sending them again is safe."""


class Session:
    """A connection that holds its part of the broker's lock; statements run one after another, in the order
    asked.
    """

    def __init__(self, parameters: dict[str, Any], part: int, setup: Sequence[str] = ()) -> None:
        self.parameters = parameters | {
            "timeout": ANSWERS_WITHIN,
            "application_name": f"heidi-broker-{part}",
        }
        self.part = part
        self.setup = setup
        self.thread = ThreadPoolExecutor(1, thread_name_prefix=f"postgres-{part}")
        self.connection: Connection | None = None

    async def open(self) -> bool:
        """Connect and take the lock; False when another broker holds it. Raises Lost or Refused."""
        return bool(await self.in_thread(self.open_now))

    async def batch(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run several statements in one round trip and one transaction; raises Lost or Refused."""
        answers: list[list[Row]] = await self.in_thread(self.batch_now, statements)
        return answers

    async def close(self) -> None:
        """Give the connection up; the session can be opened again."""
        await asyncio.get_running_loop().run_in_executor(self.thread, self.close_now)

    def end(self) -> None:
        """Let the thread go."""
        self.thread.shutdown(wait=False)

    async def in_thread(self, work: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.get_running_loop().run_in_executor(self.thread, work, *arguments)
        except LOST as error:
            raise Lost(str(error)) from error
        except DatabaseError as error:
            if error_code(error).startswith(GONE):
                raise Lost(str(error)) from error
            raise Refused(error) from error

    def open_now(self) -> bool:
        self.close_now()
        connection = self.connection = Connection(**self.parameters)
        send_at_once(connection)
        if not connection.batch([(LOCK, {"part": self.part})])[0][0][0]:
            self.close_now()
            return False
        for statement in self.setup:
            connection.execute_simple(statement)
        return True

    def batch_now(self, statements: Sequence[Statement]) -> list[list[Row]]:
        if self.connection is None:
            raise ConnectionError("not connected")
        try:
            return self.connection.batch(statements)
        except LOST:
            self.close_now()
            raise

    def close_now(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            with suppress(Exception):
                discard(connection)


def send_at_once(connection: Connection) -> None:
    """Switch Nagle's algorithm off: pg8000 leaves it on, and every statement of more than 8 KiB waited 40 ms
    for it.
    """
    raw = connection._usock  # noqa: SLF001 (pg8000 has no option for it)
    if raw.family != socket.AF_UNIX:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
