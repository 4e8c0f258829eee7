"""All local servers in one event loop: bind, start, stop."""

import asyncio
import logging
import socket
import ssl
import time
from contextlib import AsyncExitStack
from functools import partial
from typing import Self
from urllib.parse import urlsplit

from aiohttp import web
from hypercorn.asyncio import serve
from hypercorn.config import Config as Hypercorn
from hypercorn.typing import ASGIFramework

from tooling.thirdparty.clock import Clock
from tooling.thirdparty.config import MAIL, OBJECT_STORE, PUSH, Config, ConfigError
from tooling.thirdparty.faults import Faults
from tooling.thirdparty.faulty_aiohttp import through, with_door
from tooling.thirdparty.faulty_asgi import Gate, WithFaults
from tooling.thirdparty.inbox.server import application
from tooling.thirdparty.inbox.smtp import protocol
from tooling.thirdparty.inbox.store import Inbox
from tooling.thirdparty.object_store.disk import Disk
from tooling.thirdparty.object_store.server import ObjectStore
from tooling.thirdparty.push.apns import Apns
from tooling.thirdparty.push.fcm import Fcm
from tooling.thirdparty.push.server import PushServices
from tooling.thirdparty.push.webpush import WebPush

STOP_WITHIN = 1.0


class Parts:
    """The servers that a configuration asks for; use as an async context manager."""

    def __init__(
        self, config: Config, clock: Clock = time.time, smtp_tls: ssl.SSLContext | None = None
    ) -> None:
        self.config, self.clock, self.smtp_tls = config, clock, smtp_tls
        self.inbox = Inbox(config.thirdparty_dir / "inbox", clock)
        self.mail_faults = Faults()  # by the inbox's door, for mail has none of its own
        self.running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start everything, or nothing: ConfigError when a port is taken or a key is no key."""
        try:
            await self.start_inbox()
            if OBJECT_STORE in self.config.thirdparty_parts:
                await self.start_object_store()
            if MAIL in self.config.thirdparty_parts:
                await self.start_smtp()
            if PUSH in self.config.thirdparty_parts:
                await self.start_push()
        except BaseException:
            await self.running.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything; what was acknowledged is on disk already."""
        await self.running.aclose()

    async def start_inbox(self) -> None:
        runner = web.AppRunner(
            with_door(application(self.inbox), self.mail_faults),
            access_log=None,
            shutdown_timeout=STOP_WITHIN,
        )
        await self.start_http(runner, self.config.inbox_port, "INBOX_PORT")

    async def start_object_store(self) -> None:
        disk = Disk(self.config.thirdparty_dir / "objects")
        store = ObjectStore(disk, self.config.s3_access_key, self.config.s3_secret_key, self.clock)
        handle = partial(through, Faults(), handler=store.handle, reads=False)
        server = web.Server(handle, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=STOP_WITHIN)
        await self.start_http(runner, self.config.object_store_port, "OBJECT_STORE_PORT")

    async def start_http(self, runner: web.BaseRunner, port: int, variable: str) -> None:
        await runner.setup()
        self.running.push_async_callback(runner.cleanup)
        await web.SockSite(runner, self.listen(port, variable)).start()

    async def start_smtp(self) -> None:
        factory = partial(
            protocol,
            self.inbox,
            self.config.smtp_user,
            self.config.smtp_password,
            self.mail_faults,
            loop=asyncio.get_running_loop(),
            tls_context=self.smtp_tls,
        )
        server = await asyncio.get_running_loop().create_server(
            factory, sock=self.listen(self.config.smtp_port, "SMTP_PORT")
        )
        self.running.callback(server.close)

    async def start_push(self) -> None:
        app: ASGIFramework = PushServices(
            Fcm(self.config, self.inbox, self.clock),  # type: ignore[assignment]  # one of two, told apart by name
            Apns(self.config, self.inbox, self.clock),
            WebPush(self.config, self.inbox, self.clock),
            urlsplit(self.config.fcm_token_uri).path or "/token",
        )
        listener = self.listen(self.config.push_port, "PUSH_PORT")
        inside = socket.create_server(("127.0.0.1", 0))
        gate = Gate(inside.getsockname())
        app = WithFaults(app, gate)  # type: ignore[assignment]  # an ASGI application around another
        settings, stop = Hypercorn(), asyncio.Event()
        settings.bind = [f"fd://{inside.detach()}"]
        settings.errorlog, settings.loglevel = logging.getLogger("hypercorn.error"), "WARNING"
        settings.keep_alive_timeout, settings.graceful_timeout = 60, STOP_WITHIN
        task = asyncio.create_task(serve(app, settings, shutdown_trigger=stop.wait))
        await gate.start(listener)

        async def finish() -> None:
            gate.close()
            stop.set()
            await task

        self.running.push_async_callback(finish)

    def listen(self, port: int, variable: str) -> socket.socket:
        host = self.config.thirdparty_host
        # With the protocol named, asyncio switches Nagle's algorithm off; without, SMTP's EHLO alone takes 40
        # ms.
        listener = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(128)
        except OSError as error:
            listener.close()
            raise ConfigError(
                f"{host}:{port} cannot be used ({error.strerror}): stop the program that has it, "
                f"or set {variable} to another port."
            ) from None
        return listener
