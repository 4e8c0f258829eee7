"""Deliveries: many at once, none starving another, again later when they fail."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from broker.clock import Clock
from broker.event import Event
from broker.journal import Journal
from broker.lane import Lane
from broker.logs import concerning
from broker.metrics import Metrics
from broker.outcome import DELIVERED, Outcome, Verdict, as_reason
from broker.session import Lost, Refused, Unavailable
from broker.settings import BrokerSettings
from broker.store import Delivery, Store
from broker.subscriber import Subscribers
from broker.triggers import Routes

OWN_PLACES = 2  # in flight per function whatever the others do: a slow one can never take the last place
OUTWARD_PLACES = 4  # batches in flight to a function that waits for a server outside, a conversation each
TRY_AGAIN_AFTER = 1.0  # seconds, when it is not the function that failed
log = logging.getLogger("heidi.broker")
Feedback = Callable[[Event], Awaitable[None]]


class Dispatcher:
    """Takes deliveries from Postgres and from ingress to the functions, and their outcomes to the journal."""

    def __init__(
        self,
        routes: Routes,
        store: Store,
        subscribers: Subscribers,
        clock: Clock,
        metrics: Metrics,
        settings: BrokerSettings,
    ) -> None:
        self._lanes = {
            name: Lane(name, batches=name in routes.batches, outward=name in routes.outward)
            for name in routes.names
        }
        self._store, self._subscribers, self._clock, self._metrics = store, subscribers, clock, metrics
        self._settings = settings
        self._own_places = min(OWN_PLACES, settings.broker_in_flight_per_trigger)
        self.journal = Journal(store, self._advance)
        self.feedback: Feedback | None = None
        self.in_flight = 0
        self._turns: deque[Lane] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._gateway_away = self._said_so = False
        self._stopped = False

    async def recover(self) -> None:
        """Find what Postgres has still to be delivered: at start, and after every loss of the connection."""
        for waiting in await self._store.recover(list(self._lanes)):
            self._lanes[waiting.trigger].rewind(waiting.first, waiting.last)

    def resume(self) -> None:
        """Start whatever may start."""
        self._gateway_away = False
        for lane in self._lanes.values():
            self._advance(lane)

    def offer(self, delivery: Delivery) -> None:
        """Take a delivery that was just stored."""
        lane = self._lanes[delivery.trigger]
        if lane.offer(delivery):
            lane.ready.append(delivery)
        self._advance(lane)

    def rewind(self, rows: Iterable[tuple[str, int]]) -> None:
        """Take deliveries that were put back into Postgres."""
        for trigger, seq in rows:
            self._lanes[trigger].rewind(seq, seq)
        self.resume()

    def behind(self) -> float:
        """How many seconds old the oldest event is that waits for its first turn at a function that takes
        batches.

        Unless it turns outward, such a function waits for nobody but Postgres, so this is how far the
        platform itself is behind; that a mail server is slow, or many documents are being read, is not in it.
        """
        heads = [
            lane.ready[0] for lane in self._lanes.values() if lane.batches and lane.ready and not lane.outward
        ]
        return max(
            (self._clock.now() - head.received for head in heads if not head.tries.number), default=0.0
        )

    async def stop(self, within: float) -> None:
        """Start nothing more, and give what is in flight some time to end."""
        self._stopped = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)

    def _advance(self, lane: Lane) -> None:
        if self._stopped or self._gateway_away or not self._store.ready:
            return
        if lane.wants_to_load:
            self._spawn(self._load(lane, *lane.start_loading()))
        while lane.ready and lane.in_flight < self._own_places:
            self._start(lane)
        self._queue_up(lane)
        while self._turns and self.in_flight < self._settings.broker_in_flight:
            turn = self._turns.popleft()
            turn.waits_for_its_turn = False
            if turn.ready and turn.in_flight < self._places(turn):
                self._start(turn)
                self._queue_up(turn)

    def _queue_up(self, lane: Lane) -> None:
        if lane.ready and lane.in_flight < self._places(lane) and not lane.waits_for_its_turn:
            lane.waits_for_its_turn = True
            self._turns.append(lane)

    def _places(self, lane: Lane) -> int:
        """How many requests a function may have at once; while some batches are on their way, the next ones
        grow.
        """
        most = self._settings.broker_in_flight_per_trigger
        return min(most, OUTWARD_PLACES if lane.outward else self._own_places) if lane.batches else most

    def _start(self, lane: Lane) -> None:
        lane.in_flight += 1
        self.in_flight += 1
        self._spawn(self._deliver(lane, lane.take()))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, lane: Lane, after: int, in_reach: int) -> None:
        concerning(lane.trigger)
        try:
            page = await self._store.page(lane.trigger, after)
        except (Lost, Refused) as error:
            log.warning("cannot read the queue of %s: %s", lane.trigger, error)
            lane.loading = False
            self._clock.call_at(self._clock.now() + TRY_AGAIN_AFTER, partial(self._advance, lane))
            return
        now = self._clock.now()
        for delivery in lane.take_page(page, after, in_reach):
            if delivery.due > now:
                self._put_off(lane, delivery)
            else:
                lane.ready.append(delivery)
        self._advance(lane)

    async def _deliver(self, lane: Lane, deliveries: list[Delivery]) -> None:
        concerning(lane.trigger, deliveries[0].event)
        try:
            outcome = await self._subscribers.deliver(
                lane.trigger, *(delivery.event for delivery in deliveries)
            )
            if outcome.reply is not None:
                outcome = await self._feed_back(deliveries[0].event, outcome.reply)
        # an event on which we stumble becomes a dead letter, not the end of the others
        except Exception as error:
            log.exception("delivering to %s failed", lane.trigger)
            outcome = Outcome(Verdict.AGAIN, 500, as_reason(repr(error)))
        lane.in_flight -= 1
        self.in_flight -= 1
        if len(deliveries) > 1 and outcome.verdict in (Verdict.AGAIN, Verdict.DEAD):
            self._take_apart(lane, deliveries)
        else:
            for delivery in reversed(deliveries):
                self._settle(lane, delivery, outcome)
        self._advance(lane)

    def _take_apart(self, lane: Lane, deliveries: list[Delivery]) -> None:
        """Nothing of a batch was done that one event spoils: each comes again by itself, which counts as its
        first attempt.
        """
        for delivery in reversed(deliveries):
            delivery.alone = True
            lane.ready.appendleft(delivery)

    async def _feed_back(self, event: Event, reply: Event) -> Outcome:
        if self.feedback is None or event.hops == 0:
            log.warning("an answer of type %s is dropped: it went around too often", reply.type)
            return DELIVERED
        try:
            await self.feedback(event.answered_by(reply))
        except Unavailable as error:
            return Outcome(Verdict.AGAIN, 503, f"the answer could not be stored: {error}")
        self._metrics.replies.inc()
        return DELIVERED

    def _settle(self, lane: Lane, delivery: Delivery, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.DONE:
            self._metrics.delivered.inc()
            self._metrics.age.observe(max(0.0, self._clock.now() - delivery.received))
            self.journal.done(lane, delivery)
        elif outcome.verdict is Verdict.UNREACHABLE:
            self._metrics.unreachable.inc()
            lane.ready.appendleft(delivery)
            self._wait_for_gateway(outcome.reason)
            return
        else:
            self._metrics.failed.inc()
            self._again_or_never(lane, delivery, outcome)
        self._said_so = False

    def _again_or_never(self, lane: Lane, delivery: Delivery, outcome: Outcome) -> None:
        wait = delivery.tries.pause(outcome, self._settings.broker_backoff, self._settings.broker_patience)
        if wait is None:
            log.error(
                "dead letter", extra={"context": {"code": outcome.code, "attempts": delivery.tries.number}}
            )
            self._metrics.dead.inc()
            self.journal.dead(lane, delivery, outcome)
            return
        self._metrics.retries.inc()
        delivery.due = self._clock.now() + wait
        self.journal.postponed(delivery)
        self._put_off(lane, delivery)

    def _put_off(self, lane: Lane, delivery: Delivery) -> None:
        self._clock.call_at(delivery.due, partial(self._due, lane, delivery))

    def _due(self, lane: Lane, delivery: Delivery) -> None:
        lane.ready.append(delivery)
        self._advance(lane)

    def _wait_for_gateway(self, problem: str) -> None:
        if not self._said_so:
            log.warning("the gateway is away, deliveries wait: %s", problem)
            self._said_so = True
        if not self._gateway_away:
            self._gateway_away = True
            self._clock.call_at(self._clock.now() + TRY_AGAIN_AFTER, self.resume)
