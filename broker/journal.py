"""What became of deliveries, written down many at a time."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any

from broker import sql
from broker.lane import Lane
from broker.outcome import Outcome
from broker.session import Lost, Refused
from broker.store import Delivery, Store
from shared.db.pg import Statement

GATHER = 0.01  # seconds; a transaction per delivery costs more than all the rest of it
MAX_ROWS = 500
Ended = tuple[Lane, int]
log = logging.getLogger("heidi.broker")


class Journal:
    """Collects outcomes and writes them; a crash in between means a second delivery, never a lost one."""

    def __init__(self, store: Store, written: Callable[[Lane], None]) -> None:
        self.store = store
        self.when_written = written
        self.finished: list[Ended] = []
        self.others: list[tuple[Statement, Ended | None]] = []
        self.something = asyncio.Event()

    def done(self, lane: Lane, delivery: Delivery) -> None:
        """Note a delivery that was accepted."""
        self.finished.append((lane, delivery.seq))
        self.something.set()

    def postponed(self, delivery: Delivery) -> None:
        """Note a failed attempt, to be repeated when it is due."""
        self.note(sql.POSTPONE, delivery, None, due=delivery.due, attempts=delivery.tries.failed)

    def dead(self, lane: Lane, delivery: Delivery, outcome: Outcome) -> None:
        """Note a delivery that is given up."""
        attempts = delivery.tries.number
        self.note(
            sql.BURY,
            delivery,
            (lane, delivery.seq),
            code=outcome.code,
            reason=outcome.reason,
            attempts=attempts,
        )

    async def work(self) -> None:
        """Write until cancelled."""
        while True:
            await self.something.wait()
            await asyncio.sleep(GATHER)
            await self.store.wait_ready()
            await self.write()

    async def write(self) -> None:
        """Write what has been collected; what cannot be written stays for the next time."""
        done, others = self.finished[:MAX_ROWS], self.others[:MAX_ROWS]
        statements = [*(statement for statement, _ in others), *finish(done)]
        try:
            if statements:
                await self.store.settle(statements)
        except (Lost, Refused) as error:
            log.warning(
                "%d outcomes wait to be written down: %s", len(self.finished) + len(self.others), error
            )
            await asyncio.sleep(0 if isinstance(error, Lost) else 1)
            return
        del self.finished[: len(done)], self.others[: len(others)]
        if not (self.finished or self.others):
            self.something.clear()
        self.let_go([*done, *(ended for _, ended in others if ended is not None)])

    def note(self, statement: str, delivery: Delivery, ended: Ended | None, **values: Any) -> None:
        values |= {"trigger": delivery.trigger, "seq": delivery.seq}
        self.others.append(((statement, values), ended))
        self.something.set()

    def let_go(self, ended: Iterable[Ended]) -> None:
        lanes = set()
        for lane, seq in ended:
            lane.let_go(seq)
            lanes.add(lane)
        for lane in lanes:
            self.when_written(lane)


def finish(done: list[Ended]) -> list[Statement]:
    """One statement for each function."""
    by_trigger: dict[str, list[int]] = {}
    for lane, seq in done:
        by_trigger.setdefault(lane.trigger, []).append(seq)
    return [(sql.FINISH, {"trigger": trigger, "seqs": seqs}) for trigger, seqs in by_trigger.items()]
