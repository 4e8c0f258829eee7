"""The door of faults in front of an ASGI application, and a gate before its server, which can close connections:
ASGI has no word for that, and over HTTP/2 a request that is given up would wait for ever.
"""

import asyncio
import socket
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

from tooling.thirdparty.faults import Fault, Faults, Said, instead
from tooling.thirdparty.push.server import Receive, Scope, Send, read

FLUSHED = 0.05  # seconds until what was sent is with the client


class Gate:
    """Passes on what comes to a port, and can stop doing so."""

    def __init__(self, inside: tuple[str, int]) -> None:
        self.inside = inside
        self.open: set[asyncio.StreamWriter] = set()
        self.server: asyncio.Server | None = None

    async def start(self, listening: socket.socket) -> None:
        """Take connections from now on."""
        self.server = await asyncio.start_server(self.serve, sock=listening)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.open.add(writer)
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*self.inside)
            await asyncio.gather(passed_on(reader, inner_writer), passed_on(inner_reader, writer))
        except OSError:
            pass
        finally:
            self.open.discard(writer)
            writer.close()

    def drop(self) -> None:
        """Close all that is open."""
        for each in list(self.open):
            each.transport.abort()

    def close(self) -> None:
        """Take no more."""
        self.drop()
        if self.server:
            self.server.close()


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one side ends."""
    with suppress(OSError):
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    writer.close()


class WithFaults:
    """An application with its door."""

    def __init__(self, app: Any, gate: Gate) -> None:
        self.app, self.gate, self.faults = app, gate, Faults()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path.startswith("/health"):
            await self.app(scope, receive, send)
            return
        body = await read(receive) or b""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host") or headers.get(":authority", "")
        if at_the_door := self.faults.door(scope["method"], path, host, body):
            await answer(send, at_the_door)
            return
        self.faults.note(scope["method"], path, headers, body)
        fault = self.faults.take()
        await self.faults.turn(fault)
        try:
            await self.wronged(fault, scope, body, send)
        finally:
            self.faults.done(fault)

    async def wronged(self, fault: Fault | None, scope: Scope, body: bytes, send: Send) -> None:
        """The answer as the fault wants it."""
        if fault and fault.kind == "refuse":
            self.gate.drop()
        elif fault and (other := instead(fault)):
            await answer(send, other)
        else:
            if fault and fault.kind == "duplicate":
                await self.asked(scope, body)
            messages = await self.asked(scope, body)
            is_cut = fault is not None and fault.kind == "truncate"
            for message in messages:
                await send(halved(message) if is_cut else message)
            if is_cut:
                await asyncio.sleep(FLUSHED)
                self.gate.drop()

    async def asked(self, scope: Scope, body: bytes) -> list[MutableMapping[str, Any]]:
        """What the application answers."""
        messages: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def keep(message: MutableMapping[str, Any]) -> None:
            messages.append(message)

        await self.app(scope, receive, keep)
        return messages


def halved(message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Half of a body, of which more is to come."""
    if message["type"] != "http.response.body":
        return message
    return {**message, "body": message["body"][: len(message["body"]) // 2], "more_body": True}


async def answer(send: Send, said: Said) -> None:
    """As ASGI wants it."""
    headers = {"content-type": said.content_type, "content-length": str(len(said.body)), **said.headers}
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": said.status, "headers": pairs})
    await send({"type": "http.response.body", "body": said.body})
