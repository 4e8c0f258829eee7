"""Takes messages out of the queues and brings them to the functions: again after a while, and in the end to the dead letters."""

import asyncio
import contextlib
import logging
from functools import partial

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from tooling.broker.event import Event
from tooling.broker.outcome import Outcome, Verdict, pause
from tooling.broker.subscriber import Subscribers
from tooling.rabbit.link import GONE, Away, Link
from tooling.rabbit.message import buried, readable
from tooling.rabbit.metrics import Metrics
from tooling.rabbit.publisher import Publisher
from tooling.rabbit.topology import DEAD, Queue

AWAY = 1.0  # seconds until a gateway that does not listen is tried again; that is no attempt
LONGEST = 60.0  # between two tries to hand in a dead letter
log = logging.getLogger("heidi.rabbit")


class Dispatcher:
    """Deliveries of all queues, so many of each at a time; a message is acknowledged when it has been dealt with."""

    def __init__(
        self,
        subscribers: Subscribers,
        publisher: Publisher,
        metrics: Metrics,
        backoff: tuple[float, ...],
        address: str,
    ) -> None:
        self.subscribers, self.publisher, self.metrics = subscribers, publisher, metrics
        self.backoff, self.address = backoff, address.rstrip("/")
        self.busy: set[asyncio.Task[None]] = set()

    async def start(self, link: Link, queues: list[Queue], at_once: int) -> None:
        """Consume on a new connection."""
        self.channel = await link.channel()
        await link.ask(self.channel.basic_qos, prefetch_count=at_once)
        for queue in queues:
            self.channel.basic_consume(queue.name, partial(self.arrived, queue))

    def arrived(
        self, queue: Queue, channel: Channel, method: Basic.Deliver, said: BasicProperties, body: bytes
    ) -> None:
        """Begin with one message."""
        task = asyncio.create_task(self.handle(queue, channel, method.delivery_tag, said, body))
        self.busy.add(task)
        task.add_done_callback(self.busy.discard)

    async def handle(
        self, queue: Queue, channel: Channel, tag: int, said: BasicProperties, body: bytes
    ) -> None:
        """Deal with one message; if the connection ends meanwhile, it comes again."""
        event, unreadable = readable(said, body)
        try:
            outcome = (
                Outcome(Verdict.DEAD, 422, unreadable) if unreadable else await self.deliver(queue, event)
            )
            if outcome.verdict is not Verdict.DONE:
                await self.bury(queue, event, outcome)
            channel.basic_ack(tag)
        except GONE as error:
            log.warning("%s: a message goes back to its queue: %s", queue.name, error)
            await self.give_back(channel, tag)

    async def give_back(self, channel: Channel, tag: int) -> None:
        """Let it come again, unless the connection has done so already."""
        await asyncio.sleep(AWAY)
        with contextlib.suppress(*GONE):
            channel.basic_nack(tag, requeue=True)

    async def deliver(self, queue: Queue, event: Event) -> Outcome:
        """Try until it is taken or given up; a dead letter is never given up."""
        attempts = tries = 0
        while True:
            outcome = await self.subscribers.deliver(queue.function, event)
            attempts, tries = attempts + (outcome.verdict is not Verdict.UNREACHABLE), tries + 1
            self.metrics.deliveries.labels(outcome.verdict.name.lower()).inc()
            wait = pause(outcome, attempts, self.backoff, AWAY)
            if wait is None and (outcome.verdict is Verdict.DONE or queue.gives_up):
                return outcome
            await asyncio.sleep(
                wait if queue.gives_up and wait is not None else min(AWAY * 2**tries, LONGEST)
            )

    async def bury(self, queue: Queue, event: Event, outcome: Outcome) -> None:
        """Put it to the dead letters."""
        log.error(
            "%s does not take %s %s: %d %s",
            queue.function,
            event.type,
            event.id,
            outcome.code,
            outcome.reason[:200],
        )
        try:
            await self.publisher.put(
                buried(event, f"{self.address}/function/{queue.function}", outcome), DEAD
            )
        except Away:
            self.metrics.deliveries.labels("unburied").inc()
            raise
        self.metrics.dead.inc()

    async def finish(self, within: float) -> None:
        """Let what is under way end."""
        if self.busy:
            await asyncio.wait(self.busy, timeout=within)
