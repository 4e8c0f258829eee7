"""A broker, its functions and its clock, for tests: everything is real but the passing of time."""

import asyncio
import functools
import heapq
import io
import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec

import aiohttp
from aiohttp import web

from broker.broker import Broker
from broker.settings import BrokerSettings
from broker.triggers import Tick, Trigger

TOKEN = "the-token-of-the-tests"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
MORNING = 1_800_000_000.0  # 2027-01-15T08:00:00Z
PATIENCE = 240.0
APPROVED = "app.heidi.listing.approved"
P = ParamSpec("P")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def story(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


async def eventually(condition: Callable[[], Any]) -> None:
    """Poll until the condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        await asyncio.sleep(0.005)


class ManualClock:
    """A clock that stands until it is moved on."""

    def __init__(self) -> None:
        self._now = MORNING
        self._number = itertools.count()
        self.calls: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> None:
        heapq.heappush(self.calls, (when, next(self._number), callback))

    def advance(self, seconds: float) -> None:
        """Let time pass; whatever comes due happens in its order."""
        end = self._now + seconds
        while self.calls and self.calls[0][0] <= end:
            self._now, _, callback = heapq.heappop(self.calls)
            callback()
        self._now = end

    def set_back(self, seconds: float) -> None:
        """Put the clock wrong, or right again: who waits goes on waiting for as long as before."""
        self._now -= seconds
        self.calls = [(when - seconds, number, callback) for when, number, callback in self.calls]

    def waits(self) -> list[float]:
        """How long from now until each call, rounded to milliseconds."""
        return sorted(round(when - self._now, 3) for when, _, _ in self.calls)


@dataclass
class Received:
    """One request that a function got."""

    name: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers.get("ce-id", "")


@dataclass
class Functions:
    """All functions of a test, behind one small server; each answers 204 unless told otherwise."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    in_flight: int = 0
    most_in_flight: int = 0

    def ids(self, name: str) -> list[str]:
        """The events that a function got, in order of arrival."""
        return [each.id for each in self.received if each.name == name]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        headers = {key.lower(): value for key, value in request.headers.items()}
        self.received.append(Received(name, headers, await request.read()))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self.answers.get(name)
            return web.Response(status=204) if answer is None else await answer(request)
        finally:
            self.in_flight -= 1


def saying(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    """Answer always the same."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers=headers)

    return answer


def saying_in_turn(*answers: Answer) -> Answer:
    """Answer first this, then that, and the last for ever."""
    left = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


def holding(until: asyncio.Event) -> Answer:
    """Answer 204, but not before that event."""

    async def answer(_: web.Request) -> web.Response:
        await until.wait()
        return web.Response(status=204)

    return answer


@asynccontextmanager
async def serving(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """Serve an application; its address."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, reuse_address=True)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def functions(port: int = 0) -> AsyncIterator[Functions]:
    """Serve functions."""
    here = Functions()
    app = web.Application(client_max_size=4_000_000)
    app.router.add_post("/function/{name}", here.handle)
    async with serving(app, port) as here.url:
        yield here


@dataclass
class Stage:
    """A running broker with its surroundings."""

    broker: Broker
    clock: ManualClock
    functions: Functions
    url: str
    client: aiohttp.ClientSession

    async def post(
        self, body: bytes = b"", headers: dict[str, str] | None = None, path: str = "/"
    ) -> tuple[int, str]:
        """Post with the token; status and text of the answer."""
        large = io.BytesIO(body) if len(body) > 1_000_000 else body
        async with self.client.post(
            self.url + path, data=large, headers=AUTHORIZED | (headers or {})
        ) as answer:
            return answer.status, await answer.text()

    async def publish(self, *ids: str, type: str = APPROVED, data: bytes = b"{}", **extensions: str) -> None:
        """Publish events in binary mode, all at once."""
        answers = await asyncio.gather(
            *(self.post(data, binary(each, type=type, **extensions)) for each in ids)
        )
        assert {status for status, _ in answers} <= {202}, answers

    async def get(self, path: str) -> Any:
        """Ask with the token."""
        async with self.client.get(self.url + path, headers=AUTHORIZED) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def dead(self, count: int) -> list[dict[str, Any]]:
        """Wait for that many dead letters."""
        deadline = time.monotonic() + PATIENCE
        while len(found := (await self.get("/dead"))["dead"]) != count:
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.01)
        return list(found)

    async def idle(self) -> None:
        """Wait until Postgres has nothing left to deliver."""
        await self.waiting()

    async def waiting(self, *names: str) -> None:
        """Wait until Postgres has something left to deliver to these functions only."""
        deadline = time.monotonic() + PATIENCE
        while sorted(found := await self.backlog()) != sorted(names):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.01)

    async def backlog(self) -> dict[str, int]:
        """How much Postgres has left to deliver to whom."""
        return {each.trigger: each.waiting for each in await self.broker.store.backlog()}

    async def fails(self, times: int) -> None:
        """Wait until deliveries have been put off that many times."""
        await eventually(lambda: self.broker.metrics.retries._value.get() == times)


def binary(event_id: str, type: str = APPROVED, **extensions: str) -> dict[str, str]:
    """The headers of an event."""
    required = {"specversion": "1.0", "id": event_id, "source": "/heidi/core", "type": type}
    return {"Content-Type": "application/json"} | {f"ce-{k}": v for k, v in (required | extensions).items()}


@asynccontextmanager
async def stage(
    settings: BrokerSettings,
    triggers: Sequence[Trigger],
    ticks: Sequence[Tick] = (),
    clock: ManualClock | None = None,
    at: Functions | None = None,
) -> AsyncIterator[Stage]:
    """Run a broker in this process, with functions of its own unless others are given."""
    if at is None:
        async with functions() as own, stage(settings, triggers, ticks, clock, own) as here:
            yield here
        return
    clock = clock or ManualClock()
    broker = Broker(settings.model_copy(update={"gateway_url": at.url}), triggers, clock)
    async with aiohttp.ClientSession() as client, broker.running(ticks), serving(broker.app) as url:
        await eventually(lambda: broker.store.ready)
        yield Stage(broker, clock, at, url, client)
