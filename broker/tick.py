"""The scheduler: calls functions when their time has come, never twice at once, and once for what was missed."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from broker import sql
from broker.clock import Clock, until
from broker.metrics import Metrics
from broker.outcome import Tries, Verdict
from broker.session import Lost, Refused
from broker.store import Store
from broker.subscriber import Subscribers
from broker.triggers import Tick
from shared.kit import cron

GATEWAY_AGAIN = 1.0
log = logging.getLogger("heidi.tick")


def next_after(expression: str, moment: float) -> float:
    """Find the first scheduled time after that moment, in UTC."""
    return next(cron.moments_after(expression, datetime.fromtimestamp(moment, UTC))).timestamp()


def latest_until(expression: str, moment: float) -> float:
    """Find the last scheduled time that is not after that moment."""
    return cron.latest_until(expression, datetime.fromtimestamp(moment, UTC)).timestamp()


class Ticker:
    """Runs every tick in a task of its own, which is what keeps one from overlapping itself."""

    def __init__(
        self,
        store: Store,
        subscribers: Subscribers,
        clock: Clock,
        metrics: Metrics,
        backoff: tuple[float, ...],
        patience: float,
    ) -> None:
        self.store, self.subscribers, self.clock, self.metrics = store, subscribers, clock, metrics
        self.backoff, self.patience = backoff, patience
        self.unwritten: dict[str, float] = {}

    async def work(self, ticks: Iterable[Tick]) -> None:
        """Call what is due, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for tick in ticks:
                group.create_task(self.run(tick))

    async def run(self, tick: Tick) -> None:
        since = await self.since(tick.name, self.clock.now())
        while True:
            due = max(next_after(tick.cron, since), latest_until(tick.cron, self.clock.now()))
            if due <= self.clock.now():
                await self.call(tick, due)
                # came due meanwhile: this run
                await self.write(tick.name, max(due, latest_until(tick.cron, self.clock.now())))
            else:
                # and look again: another broker may have had the lock, the clock may have jumped
                await until(self.clock, due)
            since = await self.since(tick.name, since)

    async def since(self, name: str, before: float) -> float:
        """When it last ran, as it is written down; where that is in the future, a clock was wrong: `before`,
        or now.
        """
        last = await self.read(name)
        now = self.clock.now()
        if last is None:  # new: its first time is yet to come, also if the broker is restarted before that
            last = now
            await self.write(name, last)
        return last if last <= now else min(before, now)

    async def call(self, tick: Tick, due: float) -> None:
        tries, give_up = Tries(), next_after(tick.cron, due)
        while True:
            outcome = await self.subscribers.tick(tick.name, due)
            if outcome.verdict is Verdict.DONE:
                break
            away = outcome.verdict is Verdict.UNREACHABLE
            wait = GATEWAY_AGAIN if away else tries.pause(outcome, self.backoff, self.patience)
            if wait is None or self.clock.now() + wait >= give_up:
                break
            await until(self.clock, self.clock.now() + wait)
        done = outcome.verdict is Verdict.DONE
        self.metrics.ticks.labels(tick.name, "done" if done else "failed").inc()
        if not done:
            log.error(
                "%s failed after %d attempts: %d %s", tick.name, tries.number, outcome.code, outcome.reason
            )

    async def read(self, name: str) -> float | None:
        """When it last ran, whichever broker called it; waits for Postgres and its lock."""
        while True:
            await self.store.wait_ready()
            try:
                found = await self.store.book(sql.LAST_TICK, name=name)
            except (Lost, Refused) as error:
                log.warning("cannot read when %s last ran: %s", name, error)
                await asyncio.sleep(1)
            else:
                own = [self.unwritten[name]] if name in self.unwritten else []
                return max([*own, *(float(last) for [last] in found)], default=None)

    async def write(self, name: str, last: float) -> None:
        self.unwritten[name] = last
        try:
            await self.store.book(sql.TICKED, name=name, at=last)
        # this process remembers; one that takes over meanwhile calls it once more
        except (Lost, Refused) as error:
            log.warning("cannot write down when %s ran: %s", name, error)
        else:
            del self.unwritten[name]
