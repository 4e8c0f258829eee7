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
        self.lanes = {
            name: Lane(name, batches=name in routes.batches, outward=name in routes.outward)
            for name in routes.names
        }
        self.store, self.subscribers, self.clock, self.metrics = store, subscribers, clock, metrics
        self.settings = settings
        self.own_places = min(OWN_PLACES, settings.broker_in_flight_per_trigger)
        self.journal = Journal(store, self.advance)
        self.feedback: Feedback | None = None
        self.in_flight = 0
        self.turns: deque[Lane] = deque()
        self.tasks: set[asyncio.Task[None]] = set()
        self.gateway_away = self.said_so = False
        self.stopped = False

    async def recover(self) -> None:
        """Find what Postgres has still to be delivered: at start, and after every loss of the connection."""
        for waiting in await self.store.recover(list(self.lanes)):
            self.lanes[waiting.trigger].rewind(waiting.first, waiting.last)

    def resume(self) -> None:
        """Start whatever may start."""
        self.gateway_away = False
        for lane in self.lanes.values():
            self.advance(lane)

    def offer(self, delivery: Delivery) -> None:
        """Take a delivery that was just stored."""
        lane = self.lanes[delivery.trigger]
        if lane.offer(delivery):
            lane.ready.append(delivery)
        self.advance(lane)

    def rewind(self, rows: Iterable[tuple[str, int]]) -> None:
        """Take deliveries that were put back into Postgres."""
        for trigger, seq in rows:
            self.lanes[trigger].rewind(seq, seq)
        self.resume()

    def behind(self) -> float:
        """How many seconds old the oldest event is that waits for its first turn at a function that takes
        batches.

        Unless it turns outward, such a function waits for nobody but Postgres, so this is how far the
        platform itself is behind; that a mail server is slow, or many documents are being read, is not in it.
        """
        heads = [
            lane.ready[0] for lane in self.lanes.values() if lane.batches and lane.ready and not lane.outward
        ]
        return max((self.clock.now() - head.received for head in heads if not head.tries.number), default=0.0)

    async def stop(self, within: float) -> None:
        """Start nothing more, and give what is in flight some time to end."""
        self.stopped = True
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=within)

    def advance(self, lane: Lane) -> None:
        if self.stopped or self.gateway_away or not self.store.ready:
            return
        if lane.wants_to_load:
            self.spawn(self.load(lane, *lane.start_loading()))
        while lane.ready and lane.in_flight < self.own_places:
            self.start(lane)
        self.queue_up(lane)
        while self.turns and self.in_flight < self.settings.broker_in_flight:
            turn = self.turns.popleft()
            turn.waits_for_its_turn = False
            if turn.ready and turn.in_flight < self.places(turn):
                self.start(turn)
                self.queue_up(turn)

    def queue_up(self, lane: Lane) -> None:
        if lane.ready and lane.in_flight < self.places(lane) and not lane.waits_for_its_turn:
            lane.waits_for_its_turn = True
            self.turns.append(lane)

    def places(self, lane: Lane) -> int:
        """How many requests a function may have at once; while some batches are on their way, the next ones
        grow.
        """
        most = self.settings.broker_in_flight_per_trigger
        return min(most, OUTWARD_PLACES if lane.outward else self.own_places) if lane.batches else most

    def start(self, lane: Lane) -> None:
        lane.in_flight += 1
        self.in_flight += 1
        self.spawn(self.deliver(lane, lane.take()))

    def spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def load(self, lane: Lane, after: int, in_reach: int) -> None:
        concerning(lane.trigger)
        try:
            page = await self.store.page(lane.trigger, after)
        except (Lost, Refused) as error:
            log.warning("cannot read the queue of %s: %s", lane.trigger, error)
            lane.loading = False
            self.clock.call_at(self.clock.now() + TRY_AGAIN_AFTER, partial(self.advance, lane))
            return
        now = self.clock.now()
        for delivery in lane.take_page(page, after, in_reach):
            if delivery.due > now:
                self.put_off(lane, delivery)
            else:
                lane.ready.append(delivery)
        self.advance(lane)

    async def deliver(self, lane: Lane, deliveries: list[Delivery]) -> None:
        concerning(lane.trigger, deliveries[0].event)
        try:
            outcome = await self.subscribers.deliver(
                lane.trigger, *(delivery.event for delivery in deliveries)
            )
            if outcome.reply is not None:
                outcome = await self.feed_back(deliveries[0].event, outcome.reply)
        # an event on which we stumble becomes a dead letter, not the end of the others
        except Exception as error:
            log.exception("delivering to %s failed", lane.trigger)
            outcome = Outcome(Verdict.AGAIN, 500, as_reason(repr(error)))
        lane.in_flight -= 1
        self.in_flight -= 1
        if len(deliveries) > 1 and outcome.verdict in (Verdict.AGAIN, Verdict.DEAD):
            self.take_apart(lane, deliveries)
        else:
            for delivery in reversed(deliveries):
                self.settle(lane, delivery, outcome)
        self.advance(lane)

    def take_apart(self, lane: Lane, deliveries: list[Delivery]) -> None:
        """Nothing of a batch was done that one event spoils: each comes again by itself, which counts as its
        first attempt.
        """
        for delivery in reversed(deliveries):
            delivery.alone = True
            lane.ready.appendleft(delivery)

    async def feed_back(self, event: Event, reply: Event) -> Outcome:
        if self.feedback is None or event.hops == 0:
            log.warning("an answer of type %s is dropped: it went around too often", reply.type)
            return DELIVERED
        try:
            await self.feedback(event.answered_by(reply))
        except Unavailable as error:
            return Outcome(Verdict.AGAIN, 503, f"the answer could not be stored: {error}")
        self.metrics.replies.inc()
        return DELIVERED

    def settle(self, lane: Lane, delivery: Delivery, outcome: Outcome) -> None:
        if outcome.verdict is Verdict.DONE:
            self.metrics.delivered.inc()
            self.metrics.age.observe(max(0.0, self.clock.now() - delivery.received))
            self.journal.done(lane, delivery)
        elif outcome.verdict is Verdict.UNREACHABLE:
            self.metrics.unreachable.inc()
            lane.ready.appendleft(delivery)
            self.wait_for_gateway(outcome.reason)
            return
        else:
            self.metrics.failed.inc()
            self.again_or_never(lane, delivery, outcome)
        self.said_so = False

    def again_or_never(self, lane: Lane, delivery: Delivery, outcome: Outcome) -> None:
        wait = delivery.tries.pause(outcome, self.settings.broker_backoff, self.settings.broker_patience)
        if wait is None:
            log.error(
                "dead letter", extra={"context": {"code": outcome.code, "attempts": delivery.tries.number}}
            )
            self.metrics.dead.inc()
            self.journal.dead(lane, delivery, outcome)
            return
        self.metrics.retries.inc()
        delivery.due = self.clock.now() + wait
        self.journal.postponed(delivery)
        self.put_off(lane, delivery)

    def put_off(self, lane: Lane, delivery: Delivery) -> None:
        self.clock.call_at(delivery.due, partial(self.due, lane, delivery))

    def due(self, lane: Lane, delivery: Delivery) -> None:
        lane.ready.append(delivery)
        self.advance(lane)

    def wait_for_gateway(self, problem: str) -> None:
        if not self.said_so:
            log.warning("the gateway is away, deliveries wait: %s", problem)
            self.said_so = True
        if not self.gateway_away:
            self.gateway_away = True
            self.clock.call_at(self.clock.now() + TRY_AGAIN_AFTER, self.resume)
