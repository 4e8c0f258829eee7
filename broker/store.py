"""The broker's memory in Postgres: what came in, what is still to be delivered, what could not be."""

import asyncio
import logging
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from broker import sql
from broker.event import Event
from broker.outcome import Tries
from broker.session import Lost, Refused, Session
from shared.db.pg import Row, Statement

HEARTBEAT = 3.0  # seconds; a third of what Postgres waits for, at most (sql.LETS_GO)
log = logging.getLogger("heidi.broker")


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way to one function; how long it has been delayed by the weather is forgotten with the
    process.
    """

    trigger: str
    seq: int
    event: Event
    received: float
    tries: Tries = field(default_factory=Tries)
    due: float = 0.0
    # it was in a batch that was refused: which of them is the wrong one shows when each comes by itself
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Backlog:
    """What one function has still to get."""

    trigger: str
    waiting: int
    first: int
    last: int
    oldest: float


class Store:
    """Two sessions: one stores events and commits durably, the other keeps the books without waiting for the
    disk.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.storing = Session(parameters, 1, sql.STORING_SESSION)
        self.books = Session(parameters, 2, sql.BOOKKEEPING_SESSION)
        self.lost = asyncio.Event()
        self.is_ready = asyncio.Event()

    @property
    def ready(self) -> bool:
        """Whether Postgres is there and ours."""
        return self.is_ready.is_set()

    async def wait_ready(self) -> None:
        """Wait until Postgres is there."""
        await self.is_ready.wait()

    async def supervise(self, recover: Callable[[], Awaitable[None]], resume: Callable[[], None]) -> None:
        """Connect, and again after every loss; `recover` comes before events are taken, `resume` after."""
        while True:
            await self.connect()
            try:
                await recover()
            except (Lost, Refused):
                log.exception("postgres answered and went away again")
                await asyncio.sleep(0.2)
                continue
            self.lost.clear()
            self.is_ready.set()
            resume()
            await self.until_lost()
            log.warning("postgres is lost; new events are refused and deliveries wait until it is back")

    async def until_lost(self) -> None:
        """Say now and then that this broker lives: a lock that was lost is noticed, one that is held is kept."""
        while not self.lost.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.lost.wait(), HEARTBEAT)
            with suppress(Lost, Refused):
                for session in () if self.lost.is_set() else (self.storing, self.books):
                    await self.batch(session, [(sql.ALIVE, {})])

    async def close(self) -> None:
        """Give both sessions up."""
        self.is_ready.clear()
        for session in (self.storing, self.books):
            await session.close()
            session.end()

    async def insert(self, events: Sequence[tuple[Event, Sequence[str]]]) -> dict[int, Event]:
        """Store events with their targets, durably and in one commit; those seen before are left out of the
        answer.
        """
        rows = [
            {
                "n": n,
                "source": event.source,
                "id": event.id,
                "type": event.type,
                "attributes": event.attributes,
                "targets": targets,
                "data": b64encode(event.data).decode("ascii"),
            }
            for n, (event, targets) in enumerate(events)
        ]
        (stored,) = await self.batch(self.storing, [(sql.STORE, {"events": orjson.dumps(rows).decode()})])
        first = {(event.source, event.id): event for event, _ in reversed(events)}
        return {seq: first[source, event_id] for seq, source, event_id in stored}

    async def settle(self, statements: Sequence[Statement]) -> None:
        """Write down what became of deliveries, in one commit."""
        await self.batch(self.books, statements)

    async def page(self, trigger: str, after: int) -> list[Delivery]:
        """Read a function's next deliveries, some megabytes at most; an empty list means that there are no
        more.
        """
        (text,) = (await self.book(sql.PAGE, trigger=trigger, after=after))[0]
        return [delivery(trigger, row) for row in orjson.loads(text or "[]")]

    async def recover(self, names: list[str]) -> list[Backlog]:
        """Count what is still to be delivered to these; what is for others becomes dead letters."""
        await self.book(sql.BURY_ORPHANS, names=names)
        return await self.backlog()

    async def backlog(self) -> list[Backlog]:
        """Count what is still to be delivered."""
        return [Backlog(*row) for row in await self.book(sql.BACKLOG)]

    async def count_dead(self) -> int:
        """Count the dead letters."""
        return int((await self.book(sql.COUNT_DEAD))[0][0])

    async def prune(self, hours: float) -> None:
        """Delete events older than that which are delivered everywhere, a thousand at a time."""
        after: int | None = 0
        while after is not None:
            ((after,),) = await self.book(sql.PRUNE, hours=hours, after=after)

    async def book(self, statement: str, **values: Any) -> list[Row]:
        """Run a statement of the second session; raises Lost or Refused."""
        return (await self.batch(self.books, [(statement, values)]))[0]

    async def batch(self, session: Session, statements: Sequence[Statement]) -> list[list[Row]]:
        try:
            return await session.batch(statements)
        except Lost:  # one broken connection: both are made anew
            self.is_ready.clear()
            self.lost.set()
            raise

    async def connect(self) -> None:
        said = ""
        while True:
            problem = await self.try_to_connect()
            if not problem:
                return
            if problem != said:
                log.warning("waiting for postgres: %s", problem)
                said = problem
            await asyncio.sleep(0.2)

    async def try_to_connect(self) -> str:
        try:
            for session in (self.storing, self.books):
                await session.close()
            for session in (self.storing, self.books):
                if not await session.open():
                    return "another broker holds this database"
            await self.storing.batch([(statement, {}) for statement in sql.SCHEMA])
        except (Lost, Refused) as error:
            return str(error)
        return ""


def delivery(trigger: str, row: dict[str, Any]) -> Delivery:
    event = Event(row["source"], row["id"], row["type"], row["attributes"], b64decode(row["data"]))
    return Delivery(
        trigger, row["seq"], event, row["received"], Tries(row["attempts"]), row["next_at"] or 0.0
    )
