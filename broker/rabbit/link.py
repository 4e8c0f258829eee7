"""One connection to RabbitMQ; when it, or a channel of it, ends, all of it ends, and is made anew."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Self

from pika import URLParameters
from pika.adapters.asyncio_connection import AsyncioConnection
from pika.channel import Channel
from pika.exceptions import AMQPError

log = logging.getLogger("heidi.rabbit")
GONE = (AMQPError, ConnectionError)
FAREWELL = 5.0


class Away(ConnectionError):
    """RabbitMQ does not answer, or has ended the connection."""


class Link:
    """Questions to RabbitMQ that can be awaited; `ended` is done when there is nobody to ask any more."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[AsyncioConnection] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.gone: asyncio.Future[None] = loop.create_future()  # the socket, too

    @classmethod
    async def open(cls, url: str) -> Self:
        """Connect; Away when nobody is there."""
        link = cls()
        AsyncioConnection(
            URLParameters(url),
            on_open_callback=link.opened.set_result,
            on_open_error_callback=link.lose,
            on_close_callback=link.lose,
        )
        await asyncio.wait({link.opened, link.ended}, return_when=asyncio.FIRST_COMPLETED)
        if not link.opened.done():
            raise Away("RabbitMQ does not answer")
        return link

    def end(self, _: Any, reason: Any) -> None:
        """Note that it is over."""
        if not self.ended.done():
            log.warning("the connection to RabbitMQ has ended: %s", reason)
            self.ended.set_result(None)

    def lose(self, _: Any, reason: Any) -> None:
        """The connection has been closed."""
        self.end(None, reason)
        if not self.gone.done():
            self.gone.set_result(None)

    async def close(self) -> None:
        """End it from here; what was not acknowledged goes back into its queue."""
        connection = self.opened.result()
        if connection.is_open:
            connection.close()
        await asyncio.wait({self.gone}, timeout=FAREWELL)

    async def ask(self, question: Callable[..., Any], **arguments: Any) -> Any:
        """Wait for the answer to one method; Away when there will be none."""
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        question(callback=answered.set_result, **arguments)
        await asyncio.wait({answered, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            raise Away("RabbitMQ has gone")
        return answered.result()

    async def channel(self) -> Channel:
        """A channel; if it ends, so does the connection."""
        opened: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
        self.opened.result().channel(on_open_callback=opened.set_result)
        await asyncio.wait({opened, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        if not opened.done():
            raise Away("RabbitMQ has gone")
        channel = opened.result()
        channel.add_on_close_callback(lambda _, reason: self.end(None, reason))
        return channel
