"""The broker as a whole: it holds the connection, and what works on it."""

import asyncio
import logging
from collections.abc import Sequence

from broker.event import Event
from broker.rabbit.dispatcher import Dispatcher
from broker.rabbit.link import GONE, Link
from broker.rabbit.metrics import Metrics
from broker.rabbit.publisher import Publisher
from broker.rabbit.settings import RabbitSettings
from broker.rabbit.topology import BURIED, DEAD, EXCHANGE, Queue, waits
from broker.subscriber import Subscribers

AGAIN = 1.0
GRACE = 20.0
log = logging.getLogger("heidi.rabbit")


class Broker:
    """Takes events in, and brings them to the functions, as long as it runs."""

    def __init__(self, settings: RabbitSettings, queues: Sequence[Queue], subscribers: Subscribers) -> None:
        self.settings, self.queues = settings, list(queues)
        self.metrics, self.publisher = Metrics(), Publisher()
        self.dispatcher = Dispatcher(
            subscribers,
            self.publisher,
            self.metrics,
            settings.broker_backoff,
            settings.broker_patience,
            settings.gateway_url,
        )
        self.link: Link | None = None

    @property
    def is_ready(self) -> bool:
        """Whether events are taken."""
        return self.publisher.channel is not None

    async def put(self, event: Event) -> None:
        """Keep an event; Away when RabbitMQ does not."""
        await self.publisher.put(event, EXCHANGE)

    async def work(self) -> None:
        """Connect, and connect again, until cancelled."""
        while True:
            try:
                self.link = await Link.open(self.settings.rabbitmq_url.get_secret_value())
                await self.live(self.link)
            except GONE as error:
                log.warning("RabbitMQ is away: %s", error)
            self.publisher.stop()
            self.metrics.up.set(0)
            await asyncio.sleep(AGAIN)

    async def live(self, link: Link) -> None:
        """Work as long as the connection and all its channels are there; where only a channel ended, end the
        rest.
        """
        try:
            await self.start(link)
            await link.ended
        finally:
            await link.close()

    async def start(self, link: Link) -> None:
        """Declare what is needed, then begin."""
        channel = await link.channel()
        await link.ask(channel.exchange_declare, exchange=EXCHANGE, exchange_type="headers", durable=True)
        await link.ask(channel.exchange_declare, exchange=DEAD, exchange_type="fanout", durable=True)
        for queue in (*self.queues, BURIED):
            await link.ask(channel.queue_declare, queue=queue.name, durable=True, arguments=queue.arguments)
            exchange = EXCHANGE if queue.gives_up else DEAD
            await link.ask(channel.queue_bind, queue=queue.name, exchange=exchange, arguments=queue.binding)
        for each in waits():
            await link.ask(channel.exchange_declare, exchange=each.name, exchange_type="fanout", durable=True)
            await link.ask(channel.queue_declare, queue=each.name, durable=True, arguments=each.arguments)
            await link.ask(channel.queue_bind, queue=each.name, exchange=each.name)
        await self.publisher.start(link)
        await self.dispatcher.start(link, [*self.queues, BURIED], self.settings.broker_in_flight_per_trigger)
        self.metrics.up.set(1)
        log.info("RabbitMQ is there: %d queues", len(self.queues) + 1)

    async def stop(self) -> None:
        """Take nothing more, let end what is under way, leave the rest in its queues."""
        if self.link and not self.link.ended.done():
            if channel := self.dispatcher.channel:  # else it has only just connected
                for tag in channel.consumer_tags:
                    channel.basic_cancel(tag)
            await self.dispatcher.finish(GRACE)
            await self.link.close()
