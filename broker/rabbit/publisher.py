"""Puts messages into RabbitMQ and waits until it says that it keeps them (publisher confirms)."""

import asyncio
from typing import Any

from pika.channel import Channel
from pika.spec import Basic

from broker.event import Event
from broker.outcome import Tries
from broker.rabbit.link import GONE, Away, Link
from broker.rabbit.message import properties

PATIENCE = 10.0


class Publisher:
    """One channel with confirms; messages of different callers travel together."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self.last = 0
        self.waiting: dict[int, asyncio.Future[None]] = {}

    async def start(self, link: Link) -> None:
        """Go to work on a new connection."""
        channel = await link.channel()
        await link.ask(channel.confirm_delivery, ack_nack_callback=self.confirmed)
        self.channel, self.last = channel, 0

    def stop(self) -> None:
        """The connection has ended: nobody will confirm what is under way."""
        self.channel = None
        for number in list(self.waiting):
            self.settle(number, Away("RabbitMQ has gone"))

    async def put(self, event: Event, exchange: str, key: str = "", tries: Tries | None = None) -> None:
        """Return when RabbitMQ keeps the event on a majority of its nodes; Away when it does not say so in
        time.
        """
        if self.channel is None:
            raise Away("RabbitMQ is away")
        try:
            self.channel.basic_publish(
                exchange, key or event.type[:255], event.data, properties(event, tries)
            )
        except GONE as error:
            raise Away(str(error)) from error
        self.last += 1
        confirmed = self.waiting[self.last] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(confirmed, PATIENCE)
        except TimeoutError:
            raise Away("RabbitMQ does not confirm") from None

    def confirmed(self, frame: Any) -> None:
        """RabbitMQ keeps a message, or all up to one; or it cannot."""
        method = frame.method
        error = None if isinstance(method, Basic.Ack) else Away("RabbitMQ refuses")
        for number in [
            n
            for n in self.waiting
            if n == method.delivery_tag or (method.multiple and n < method.delivery_tag)
        ]:
            self.settle(number, error)

    def settle(self, number: int, error: Exception | None) -> None:
        """Tell the one who waits, if somebody still does."""
        waiting = self.waiting.pop(number)
        if waiting.done():
            return
        if error:
            waiting.set_exception(error)
        else:
            waiting.set_result(None)
