"""Takes messages out of the queues and brings them to the functions: again after a while, and in the end to
the dead letters.
"""

import asyncio
import contextlib
import logging
from dataclasses import replace
from functools import partial
from math import inf

from pika import BasicProperties
from pika.channel import Channel
from pika.spec import Basic

from broker.burial import buried
from broker.event import Event
from broker.logs import concerning
from broker.outcome import Outcome, Tries, Verdict
from broker.rabbit.link import GONE, Away, Link
from broker.rabbit.message import readable, tried
from broker.rabbit.metrics import Metrics
from broker.rabbit.publisher import Publisher
from broker.rabbit.topology import DEAD, Queue, waiting
from broker.subscriber import Subscribers

AWAY = 1.0  # seconds until a gateway that does not listen is tried again; that is no attempt
IN_HAND = 15.0  # for which a message is held; one that waits for longer would keep others from their turn
log = logging.getLogger("heidi.rabbit")


class Dispatcher:
    """Deliveries of all queues, so many of each at a time; a message is acknowledged when it has been dealt
    with.

    One that has to wait is put where RabbitMQ keeps it until then (topology.Wait): after 30 minutes it would
    take it from us, and after coming back twenty times drop it (consumer_timeout, delivery-limit).
    """

    def __init__(
        self,
        subscribers: Subscribers,
        publisher: Publisher,
        metrics: Metrics,
        backoff: tuple[float, ...],
        patience: float,
        address: str,
    ) -> None:
        self.subscribers, self.publisher, self.metrics = subscribers, publisher, metrics
        self.backoff, self.patience, self.address = backoff, patience, address.rstrip("/")
        self.busy: set[asyncio.Task[None]] = set()
        self.channel: Channel | None = None

    async def start(self, link: Link, queues: list[Queue], at_once: int) -> None:
        """Consume on a new connection."""
        channel = self.channel = await link.channel()
        await link.ask(channel.basic_qos, prefetch_count=at_once)
        for queue in queues:
            channel.basic_consume(queue.name, partial(self.arrived, queue))

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
        concerning(queue.function, event)
        tries = tried(said)
        try:
            if unreadable and queue.gives_up:
                outcome, wait = Outcome(Verdict.DEAD, 422, unreadable), None
            else:
                outcome, wait = await self.deliver(queue, event, tries)
            if wait is not None:
                await self.publisher.put(event, waiting(wait).name, queue.name, tries)
            elif outcome.verdict is not Verdict.DONE:
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

    async def deliver(self, queue: Queue, event: Event, tries: Tries) -> tuple[Outcome, float | None]:
        """Try while it is in hand: what came of it in the end, and how long it has to wait now, if it is not
        over.
        """
        held = 0.0
        while True:
            outcome = await self.subscribers.deliver(queue.function, event)
            self.metrics.deliveries.labels(outcome.verdict.name.lower()).inc()
            wait = self.pause(queue, outcome, tries)
            if wait is None or held + wait > IN_HAND:
                return outcome, wait
            await asyncio.sleep(wait)
            held += wait

    def pause(self, queue: Queue, outcome: Outcome, tries: Tries) -> float | None:
        """Until it is tried again, if it is; a dead letter always."""
        if outcome.verdict is Verdict.DONE:
            return None
        if outcome.verdict is Verdict.UNREACHABLE:
            return AWAY
        if queue.gives_up:
            return tries.pause(outcome, self.backoff, self.patience)
        return tries.pause(replace(outcome, verdict=Verdict.LATER), (), inf)

    async def bury(self, queue: Queue, event: Event, outcome: Outcome) -> None:
        """Put it to the dead letters."""
        log.error("dead letter", extra={"context": {"code": outcome.code, "queue": queue.name}})
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
