"""The scheduler: calls functions when their time has come, never twice at once, and once for what was missed."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime

from croniter import croniter

from tooling.broker import sql
from tooling.broker.clock import Clock, until
from tooling.broker.metrics import Metrics
from tooling.broker.outcome import Verdict, pause
from tooling.broker.session import Lost, Refused
from tooling.broker.store import Store
from tooling.broker.subscriber import Subscribers
from tooling.broker.triggers import Tick

GATEWAY_AGAIN = 1.0
log = logging.getLogger("heidi.tick")


def next_after(cron: str, moment: float) -> float:
    """Find the first scheduled time after that moment, in UTC; of six fields the first is the seconds'."""
    start = datetime.fromtimestamp(moment, UTC)
    return float(croniter(cron, start, second_at_beginning=True).get_next(float))


def latest_until(cron: str, moment: float) -> float:
    """Find the last scheduled time that is not after that moment."""
    start = datetime.fromtimestamp(moment + 1, UTC)  # croniter looks strictly before, at whole seconds
    found = float(croniter(cron, start, second_at_beginning=True).get_prev(float))
    return (
        found if found <= moment else float(croniter(cron, found, second_at_beginning=True).get_prev(float))
    )


class Ticker:
    """Runs every tick in a task of its own, which is what keeps one from overlapping itself."""

    def __init__(
        self,
        store: Store,
        subscribers: Subscribers,
        clock: Clock,
        metrics: Metrics,
        backoff: tuple[float, ...],
    ) -> None:
        self._store, self._subscribers, self._clock, self._metrics = store, subscribers, clock, metrics
        self._backoff = backoff

    async def work(self, ticks: Iterable[Tick]) -> None:
        """Call what is due, until cancelled."""
        last = await self._read()
        async with asyncio.TaskGroup() as group:
            for tick in ticks:
                group.create_task(self._run(tick, last.get(tick.name)))

    async def _run(self, tick: Tick, last: float | None) -> None:
        if last is None:  # new: its first time is yet to come, also if the broker is restarted before that
            last = self._clock.now()
            await self._write(tick.name, last)
        while True:
            due = max(next_after(tick.cron, last), latest_until(tick.cron, self._clock.now()))
            if due > self._clock.now():
                await until(self._clock, due)
            await self._store.wait_ready()
            await self._call(tick, due)
            last = max(
                due, latest_until(tick.cron, self._clock.now())
            )  # what came due meanwhile is this very run
            await self._write(tick.name, last)

    async def _call(self, tick: Tick, due: float) -> None:
        attempts, give_up = 0, next_after(tick.cron, due)
        while True:
            outcome = await self._subscribers.tick(tick.name, due)
            attempts += outcome.verdict is not Verdict.UNREACHABLE
            wait = pause(outcome, attempts, self._backoff, GATEWAY_AGAIN)
            if wait is None or self._clock.now() + wait >= give_up:
                break
            await until(self._clock, self._clock.now() + wait)
        done = outcome.verdict is Verdict.DONE
        self._metrics.ticks.labels(tick.name, "done" if done else "failed").inc()
        if not done:
            log.error("%s failed after %d attempts: %d %s", tick.name, attempts, outcome.code, outcome.reason)

    async def _read(self) -> dict[str, float]:
        while True:
            await self._store.wait_ready()
            try:
                return {str(name): float(last) for name, last in await self._store.book(sql.TICKS)}
            except (Lost, Refused) as error:
                log.warning("cannot read when ticks last ran: %s", error)
                await asyncio.sleep(1)

    async def _write(self, name: str, last: float) -> None:
        try:
            await self._store.book(sql.TICKED, name=name, at=last)
        except (Lost, Refused) as error:  # the worst that follows is one call more after a restart
            log.warning("cannot write down when %s ran: %s", name, error)
