"""The broker, or Postgres under it, is killed in the middle of its work."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from broker.settings import BrokerSettings
from broker.triggers import Trigger
from tests.broker.conftest import OWNER, PASSWORD, make_database, settings_for
from tests.broker.support import (
    APPROVED,
    AUTHORIZED,
    TOKEN,
    Functions,
    binary,
    eventually,
    functions,
    holding,
    saying,
    stage,
    story,
)
from tests.support import superuser
from tooling.stack import once
from tooling.stack.ports import free_port
from tooling.stack.postgres import Postgres, embedded_postgres, service

MAIL = Trigger("notify-author", APPROVED)
TRIGGERS = f'[{{"name": "notify-author", "type": "{APPROVED}"}}]'


class Process:
    """`python -m broker`, to be killed and started again."""

    def __init__(self, settings: BrokerSettings, gateway_url: str, directory: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.triggers = directory / "triggers.json"
        self.triggers.write_text(TRIGGERS)
        self.environment = {
            **os.environ,
            "POSTGRES_HOST": settings.postgres_host,
            "POSTGRES_PORT": str(settings.postgres_port),
            "POSTGRES_OWNER": OWNER,
            "POSTGRES_OWNER_PASSWORD": PASSWORD,
            "BROKER_DATABASE": settings.broker_database,
            "BROKER_TOKEN": TOKEN,
            "BROKER_PORT": str(self.port),
            "GATEWAY_URL": gateway_url,
            "BROKER_TRIGGERS": str(self.triggers),
            "BROKER_BACKOFF": "0.02,0.02,0.02",
            "BROKER_KEEPER": "",
        }

    def start(self, **more: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "broker"]
        self.popen = subprocess.Popen(command, env=self.environment | more, stderr=subprocess.PIPE)
        return self.popen

    def end(self, number: signal.Signals) -> int:
        self.popen.send_signal(number)
        code = self.popen.wait(120)
        assert self.popen.stderr is not None
        self.popen.stderr.close()
        return code

    async def answers(self, client: aiohttp.ClientSession) -> None:
        """Wait until it is ready."""
        for _ in range(2_000):
            with suppress(aiohttp.ClientError):
                async with client.get(self.url + "/health/ready") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.01)
        raise AssertionError("the broker did not get ready")

    async def publish(self, client: aiohttp.ClientSession, event_id: str) -> bool:
        """Whether the event was accepted."""
        with suppress(aiohttp.ClientError):
            async with client.post(self.url, data=b"{}", headers=AUTHORIZED | binary(event_id)) as answer:
                return answer.status == 202
        return False


@asynccontextmanager
async def process(
    settings: BrokerSettings, here: Functions, directory: Path
) -> AsyncIterator[tuple[Process, aiohttp.ClientSession]]:
    broker = Process(settings, here.url, directory)
    broker.start()
    try:
        async with aiohttp.ClientSession() as client:
            await broker.answers(client)
            yield broker, client
    finally:
        broker.end(signal.SIGKILL)


@story
async def test_a_broker_killed_in_mid_delivery_delivers_everything_after_its_restart(
    settings: BrokerSettings, tmp_path: Path
) -> None:
    async with functions() as here, process(settings, here, tmp_path) as (broker, client):
        never = asyncio.Event()
        here.answers["notify-author"] = holding(never)
        published = [str(number) for number in range(300)]
        assert all(await asyncio.gather(*(broker.publish(client, each) for each in published)))
        await eventually(lambda: here.in_flight >= 16)
        broker.end(signal.SIGKILL)
        never.set()
        here.received.clear()
        broker.start()
        await eventually(lambda: set(here.ids("notify-author")) == set(published))


@story
async def test_no_accepted_event_is_lost_when_the_broker_is_killed_again_and_again(
    settings: BrokerSettings, tmp_path: Path
) -> None:
    async with functions() as here, process(settings, here, tmp_path) as (broker, client):
        accepted: list[str] = []
        for life in range(3):
            await broker.answers(client)
            numbers = [f"{life}-{number}" for number in range(400)]
            work = [asyncio.create_task(broker.publish(client, each)) for each in numbers]
            await eventually(lambda: len(here.received) > 50 * (life + 1))  # noqa: B023 (awaited at once)
            broker.end(signal.SIGKILL)
            accepted += [
                each for each, taken in zip(numbers, await asyncio.gather(*work), strict=True) if taken
            ]
            broker.start()
        await eventually(lambda: set(accepted) <= set(here.ids("notify-author")))
        assert accepted


@story
async def test_attempts_are_remembered_over_a_restart(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL]) as s:
        s.functions.answers["notify-author"] = saying(500)
        await s.publish("1")
        for number in (1, 2):
            await s.fails(number)
            s.clock.advance(2)
        await s.fails(3)
    async with stage(settings, [MAIL], clock=s.clock) as t:
        t.functions.answers["notify-author"] = saying(500)
        s.clock.advance(4)
        (dead,) = await t.dead(1)
        assert (dead["attempts"], len(t.functions.received)) == (4, 1)


@story
async def test_told_to_stop_it_ends_what_is_in_flight_and_delivers_nothing_twice(
    settings: BrokerSettings, tmp_path: Path
) -> None:
    async with functions() as here, process(settings, here, tmp_path) as (broker, client):
        release = asyncio.Event()
        here.answers["notify-author"] = holding(release)
        await asyncio.gather(*(broker.publish(client, str(number)) for number in range(10)))
        await eventually(lambda: here.in_flight == 10)
        broker.popen.terminate()
        release.set()
        assert await asyncio.to_thread(broker.end, signal.SIGTERM) == 0
        broker.start()
        await broker.answers(client)
        await broker.publish(client, "after")
        await eventually(lambda: "after" in here.ids("notify-author"))
        assert len(here.received) == 11


@story
async def test_a_second_broker_waits_until_the_first_is_gone(
    settings: BrokerSettings, tmp_path: Path
) -> None:
    async with functions() as here, process(settings, here, tmp_path) as (first, client):
        second = Process(settings, here.url, tmp_path)
        second.start()
        try:
            await eventually(lambda: _listens(second.port))
            assert not await second.publish(client, "refused")
            assert await first.publish(client, "1")
            first.end(signal.SIGKILL)
            await second.answers(client)
            assert await second.publish(client, "2")
            await eventually(lambda: set(here.ids("notify-author")) == {"1", "2"})
        finally:
            second.end(signal.SIGKILL)
            first.start()


def _listens(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"BROKER_BACKOFF": "soon"}, "BROKER_BACKOFF"),
        ({"BROKER_PORT": "x"}, "BROKER_PORT"),
        ({"BROKER_TRIGGERS": "/nowhere.json"}, "/nowhere.json"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(
    settings: BrokerSettings, tmp_path: Path, setting: dict[str, str], said: str
) -> None:
    popen = Process(settings, "http://127.0.0.1:9", tmp_path).start(**setting)
    _, errors = popen.communicate(timeout=120)
    assert popen.returncode == 1
    assert said in errors.decode()
    assert "Traceback" not in errors.decode()


def test_a_taken_port_is_said_in_a_sentence(settings: BrokerSettings, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        popen = Process(settings, "http://127.0.0.1:9", tmp_path).start(
            BROKER_PORT=str(taken.getsockname()[1])
        )
        _, errors = popen.communicate(timeout=120)
    assert popen.returncode == 1
    assert "BROKER_PORT" in errors.decode()
    assert "Traceback" not in errors.decode()


class Mortal:
    """A Postgres that can be ended and started again on the same data."""

    def __init__(self, server: Postgres, logs: Path) -> None:
        self.server, self.logs, self.lives = server, logs, ExitStack()
        with server.connect() as connection:
            make_database(connection, "heidi_broker")
        self.settings = settings_for(server.port, "heidi_broker")

    def start(self) -> None:
        self.lives.enter_context(once.running(service(self.server), self.logs))

    def end(self, number: signal.Signals) -> None:
        pid = int((self.server.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, number)
        os.waitpid(pid, 0)


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Mortal]:
    with embedded_postgres(tmp_path) as server:
        here = Mortal(server, tmp_path)
        with here.lives:
            yield here


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
@story
async def test_postgres_may_end_under_load_and_the_broker_goes_on_when_it_is_back(
    mortal: Mortal, number: signal.Signals
) -> None:
    async with stage(mortal.settings, [MAIL]) as s:
        accepted: list[str] = []
        statuses: set[int] = set()

        async def load(name: str) -> None:
            for count in range(100_000):
                status, _ = await s.post(b"{}", binary(f"{name}-{count}"))
                statuses.add(status)
                accepted.extend([f"{name}-{count}"] if status == 202 else [])

        work = [asyncio.create_task(load(str(n))) for n in range(8)]
        await eventually(lambda: len(accepted) > 200)
        mortal.end(number)
        await eventually(lambda: not s.broker.store.ready)
        await eventually(lambda: 503 in statuses)
        for path, status in (("/health/ready", 503), ("/health/live", 200), ("/metrics", 200)):
            async with s.client.get(s.url + path) as answer:
                assert answer.status == status
        assert (await s.post(path="/dead/replay", body=b'{"ids":"all"}'))[0] == 503
        before = len(accepted)
        mortal.start()
        await eventually(lambda: len(accepted) > before + 200)
        for each in work:
            each.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await s.idle()
        assert statuses == {202, 503}
        assert set(accepted) <= set(s.functions.ids("notify-author"))
        await s.dead(0)


@story
async def test_sessions_that_postgres_ends_are_made_anew(settings: BrokerSettings) -> None:
    async with stage(settings, [MAIL]) as s:
        await s.publish("1")
        await s.idle()
        with superuser("postgres") as connection:
            connection.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name",
                name=settings.broker_database,
            )
        assert (await s.post(b"{}", binary("2")))[0] == 503
        await eventually(lambda: s.broker.store.ready)
        await s.publish("2")
        await s.idle()
        assert s.functions.ids("notify-author") == ["1", "2"]


@story
async def test_deliveries_that_end_while_postgres_is_away_are_written_down_later(mortal: Mortal) -> None:
    async with stage(mortal.settings, [MAIL]) as s:
        release = asyncio.Event()
        s.functions.answers["notify-author"] = holding(release)
        await s.publish("1", "2")
        await eventually(lambda: s.functions.in_flight == 2)
        mortal.end(signal.SIGKILL)
        release.set()
        await eventually(lambda: s.functions.in_flight == 0 and not s.broker.store.ready)
        mortal.start()
        await eventually(lambda: s.broker.store.ready)
        await s.idle()
        assert sorted(s.functions.ids("notify-author")) == ["1", "2"]
