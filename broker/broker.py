"""The broker put together: one process, one event loop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from broker.admin import Admin
from broker.app import make_app
from broker.burial import Undertaker
from broker.clock import Clock, SystemClock
from broker.dispatcher import Dispatcher
from broker.event import Event
from broker.ingress import Ingress
from broker.metrics import Metrics
from broker.session import Lost, Refused
from broker.settings import BrokerSettings
from broker.store import Store
from broker.subscriber import Subscribers
from broker.tick import Ticker
from broker.triggers import Routes, Tick, Trigger
from shared.db.pg import parameters
from shared.peers.service_tokens import publishers

PRUNE_EVERY = 3_600.0
END_WITHIN = 5.0
log = logging.getLogger("heidi.broker")


class Broker:
    """All parts of the broker, and the tasks that run them."""

    def __init__(
        self, settings: BrokerSettings, triggers: Sequence[Trigger], clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.metrics = Metrics()
        owner, password = settings.postgres_owner, settings.postgres_owner_password.get_secret_value()
        self.store = Store(parameters(settings.broker_database, settings, owner, password))
        token = settings.broker_token.get_secret_value()
        self.subscribers = Subscribers(
            settings.gateway_url,
            token.partition(",")[0],
            settings.broker_timeout,
            settings.broker_tick_timeout,
        )
        routes = Routes(triggers)
        self.dispatcher = Dispatcher(routes, self.store, self.subscribers, self.clock, self.metrics, settings)
        self.ingress = Ingress(self.store, routes, self.dispatcher.offer, self.clock, self.metrics)
        self.dispatcher.feedback = self.feed_back
        self.undertaker = Undertaker(
            self.store, self.subscribers, self.clock, settings.broker_keeper, settings.gateway_url
        )
        admin = Admin(self.store, self.dispatcher, routes.names)
        self.app = make_app(
            token,
            publishers(settings),
            self.ingress,
            admin,
            self.metrics,
            lambda: self.store.ready,
            self.dispatcher.behind,
            self.render_metrics,
        )

    @asynccontextmanager
    async def running(self, ticks: Sequence[Tick] = ()) -> AsyncIterator["Broker"]:
        """Run everything but the HTTP server; a part that dies takes the broker with it."""
        ticker = Ticker(
            self.store,
            self.subscribers,
            self.clock,
            self.metrics,
            self.settings.broker_backoff,
            self.settings.broker_patience,
        )
        async with self.subscribers, asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(work)
                for work in (
                    self.store.supervise(self.dispatcher.recover, self.dispatcher.resume),
                    self.ingress.work(),
                    self.dispatcher.journal.work(),
                    ticker.work(ticks),
                    self.prune(),
                    self.undertaker.work(),
                )
            ]
            try:
                yield self
            finally:
                await self.dispatcher.stop(END_WITHIN)
                if self.store.ready:
                    await self.dispatcher.journal.write()
                for task in tasks:
                    task.cancel()
                await self.store.close()

    async def serve(self, ticks: Sequence[Tick], stop: asyncio.Event) -> None:
        """Serve HTTP until asked to stop; raises OSError when the port is taken."""
        runner = web.AppRunner(self.app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(
                runner, self.settings.broker_host, self.settings.broker_port, backlog=1024
            ).start()
            async with self.running(ticks):
                log.info("broker on http://%s:%d", self.settings.broker_host, self.settings.broker_port)
                await stop.wait()
                await runner.cleanup()
        finally:
            await runner.cleanup()

    async def feed_back(self, event: Event) -> None:
        await self.ingress.put([event])

    async def render_metrics(self) -> bytes:
        return await self.metrics.render(self.store, self.dispatcher.in_flight, self.clock.now())

    async def prune(self) -> None:
        while True:
            await self.store.wait_ready()
            try:
                await self.store.prune(self.settings.broker_keep_hours)
            except (Lost, Refused) as error:
                log.warning("cannot prune: %s", error)
            await asyncio.sleep(PRUNE_EVERY)
