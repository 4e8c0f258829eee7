"""Group commit: events of requests that come at the same time are stored in one statement and one commit."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from broker.clock import Clock
from broker.event import Event
from broker.metrics import Metrics
from broker.session import Lost, Refused, Unavailable
from broker.store import Delivery, Store
from broker.triggers import Routes

GROUP_EVENTS = 1_000
GROUP_BYTES = 8 * 1_048_576
WAITING_BYTES = 64 * 1_048_576
log = logging.getLogger("heidi.broker")


@dataclass(slots=True, eq=False)
class Request:
    """The events of one request: all are stored, or none."""

    events: list[Event]
    stored: asyncio.Future[None]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = sum(len(event.data) + 512 for event in self.events)

    def fail(self, error: Exception) -> None:
        """Tell the one who waits that it failed, if someone still waits."""
        if not self.stored.done():
            self.stored.set_exception(error)


class Ingress:
    """Takes events in; when `put` returns they are on disk."""

    def __init__(
        self, store: Store, routes: Routes, offer: Callable[[Delivery], None], clock: Clock, metrics: Metrics
    ) -> None:
        self.store, self.routes, self.offer, self.clock, self.metrics = (
            store,
            routes,
            offer,
            clock,
            metrics,
        )
        self.waiting: deque[Request] = deque()
        self.waiting_bytes = 0
        self.something = asyncio.Event()

    async def put(self, events: list[Event]) -> None:
        """Store the events durably, each of them once; raises Unavailable."""
        if not events:
            return
        if not self.store.ready or self.waiting_bytes > WAITING_BYTES:
            self.metrics.unavailable.inc(len(events))
            raise Unavailable("the broker's database is away" if not self.store.ready else "too much at once")
        request = Request(events, asyncio.get_running_loop().create_future())
        self.waiting.append(request)
        self.waiting_bytes += request.size
        self.something.set()
        await request.stored

    async def work(self) -> None:
        """Store group after group until cancelled."""
        while True:
            await self.something.wait()
            await self.store_group(self.next_group())
            if not self.waiting:
                self.something.clear()

    def next_group(self) -> list[Request]:
        group: list[Request] = []
        events = size = 0
        while self.waiting and events < GROUP_EVENTS and size < GROUP_BYTES:
            request = self.waiting.popleft()
            group.append(request)
            events += len(request.events)
            size += request.size
        self.waiting_bytes -= size
        return group

    async def store_group(self, group: list[Request]) -> None:
        events = [(event, self.routes.match(event.type)) for request in group for event in request.events]
        try:
            stored = await self.store.insert(events)
        except Lost:
            self.fail(group, Unavailable("the broker's database went away"))
        except Refused as error:
            await self.store_one_by_one(group, error)
        else:
            self.metrics.accepted.inc(len(stored))
            self.metrics.duplicate.inc(len(events) - len(stored))
            self.hand_over(stored)
            for request in group:
                if not request.stored.done():
                    request.stored.set_result(None)

    async def store_one_by_one(self, group: list[Request], error: Refused) -> None:
        """Let only the request suffer that Postgres refuses."""
        if len(group) > 1:
            for request in group:
                await self.store_group([request])
            return
        log.error("postgres refuses events: %s", error)
        self.fail(group, Unavailable("the broker's database refuses these events"))

    def hand_over(self, stored: dict[int, Event]) -> None:
        now = self.clock.now()
        for seq, event in stored.items():
            for trigger in self.routes.match(event.type):
                self.offer(Delivery(trigger, seq, event, now))

    def fail(self, group: list[Request], error: Unavailable) -> None:
        self.metrics.unavailable.inc(sum(len(request.events) for request in group))
        for request in group:
            request.fail(error)
