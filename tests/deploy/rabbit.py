"""A real RabbitMQ, and in front of it the broker of broker/rabbit with functions behind."""

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession, web
from pydantic import SecretStr

from broker.rabbit.app import make_app
from broker.rabbit.broker import Broker
from broker.rabbit.settings import RabbitSettings
from broker.rabbit.topology import queues
from broker.subscriber import Subscribers
from broker.triggers import Trigger
from shared.kit.settings import settings as house
from tests.deploy.pooler import listens
from tests.programs import program
from tooling.stack import accounts, once
from tooling.stack.ports import free_port
from tooling.stack.service import Service

Answer = Callable[[dict[str, str], bytes], int | tuple[int, str]]
TYPE = "app.heidi.listing.created"


@dataclass(frozen=True, slots=True)
class Server:
    """Where one listens; `service` starts it again on the same data."""

    port: int
    service: Service

    @property
    def url(self) -> str:
        """For a guest, who may come from this machine only."""
        return f"amqp://guest:guest@127.0.0.1:{self.port}/?heartbeat=5"


@contextmanager
def rabbitmq() -> Iterator[Server]:
    """What is needed to start one, not as root; it is removed in the end."""
    script, account, port, epmd = (
        program("rabbitmq-server"),
        accounts.unprivileged(),
        free_port(),
        free_port(),
    )
    # Debian's own asks for root
    plain = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    with tempfile.TemporaryDirectory(dir=os.environ["HEIDI_TEST_RUN"], prefix="rabbitmq-") as name:
        directory = Path(name)
        (directory / "rabbitmq.conf").write_text("log.console = true\nlog.file = false\n")
        (directory / "plugins").write_text("[].")
        if account:
            accounts.give(directory, account)
        environment = {
            "HOME": name,
            "RABBITMQ_NODENAME": f"heidi{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": f"{name}/data",
            "RABBITMQ_LOG_BASE": f"{name}/log",
            "RABBITMQ_CONFIG_FILE": f"{name}/rabbitmq.conf",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{name}/plugins",
            "RABBITMQ_PID_FILE": f"{name}/pid",
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        }
        yield Server(
            port,
            Service(
                name=f"rabbitmq-{port}",
                title="RabbitMQ",
                command=[str(plain[-1] if plain else script)],
                account=account,
                directory=directory,
                environment=environment,
                ready=lambda _: listens(port),
                stop=signal.SIGTERM,
                patience=60,
            ),
        )
        with contextlib.suppress(OSError):
            subprocess.run(
                ["epmd", "-port", str(epmd), "-kill"],
                capture_output=True,
                check=False,
                env=os.environ | environment,
            )


@contextmanager
def started(server: Server) -> Iterator[None]:
    """Runs inside the block."""
    with once.running(server.service, Path(os.environ["HEIDI_TEST_RUN"])):
        yield


@dataclass
class Functions:
    """Stands for the gateway: every function answers as a test wants, and remembers what it got."""

    answers: dict[str, Answer] = field(default_factory=dict)
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """One call of /function/<name>."""
        name, body = request.match_info["name"], await request.read()
        headers = {key.lower(): value for key, value in request.headers.items()}
        self.got.append((name, headers, body))
        answer = self.answers.get(name, lambda *_: 204)
        said = await asyncio.get_running_loop().run_in_executor(None, answer, headers, body)
        status, text = said if isinstance(said, tuple) else (said, "")
        return web.Response(status=status, text=text) if text else web.Response(status=status)

    def calls(self, name: str, event: str = "") -> list[dict[str, str]]:
        """The headers of each call of a function, for one event."""
        return [
            headers
            for called, headers, _ in self.got
            if called == name and event in ("", headers.get("ce-id"))
        ]


@dataclass
class Front:
    """The broker's HTTP side, for a test."""

    url: str
    session: ClientSession
    broker: Broker

    async def post(self, headers: dict[str, str], body: bytes = b"{}", token: str | None = None) -> int:
        """The status that a publisher sees."""
        token = house().broker_token.get_secret_value() if token is None else token
        async with self.session.post(
            self.url, data=BytesIO(body), headers=headers | {"Authorization": f"Bearer {token}"}
        ) as answer:
            await answer.read()
            return answer.status


@asynccontextmanager
async def serving(app: web.Application, port: int = 0) -> AsyncIterator[int]:
    """An application on a port."""
    runner = web.AppRunner(app)
    await runner.setup()
    port = port or free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield port
    await runner.cleanup()


@asynccontextmanager
async def broker(
    server: Server,
    functions: Functions,
    triggers: list[Trigger],
    backoff: tuple[float, ...] = (0.01, 0.02, 0.04),
) -> AsyncIterator[Front]:
    """The broker with its triggers, and functions behind a gateway."""
    gateway = web.Application(client_max_size=2**22)
    gateway.router.add_post("/function/{name}", functions.take)
    token = house().broker_token.get_secret_value()
    async with serving(gateway) as behind:
        made = RabbitSettings(
            rabbitmq_url=SecretStr(server.url),
            broker_backoff=backoff,
            gateway_url=f"http://127.0.0.1:{behind}",
        )
        async with Subscribers(made.gateway_url, token, 5, 5) as subscribers, ClientSession() as session:
            running = Broker(made, queues(triggers), subscribers)
            async with serving(make_app(running, token)) as port:
                working = asyncio.create_task(running.work())
                try:
                    yield Front(f"http://127.0.0.1:{port}/", session, running)
                finally:
                    await running.stop()
                    working.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await working


async def eventually(condition: Callable[[], Any], within: float = 240.0) -> Any:
    """Poll until it holds."""
    async with asyncio.timeout(within):
        while not (found := condition()):  # noqa: ASYNC110 (any condition will do)
            await asyncio.sleep(0.02)
        return found


def event(type_: str = TYPE, **attributes: str) -> dict[str, str]:
    """The headers of an event in binary mode."""
    said = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/heidi/core",
        "type": type_,
        "time": "2026-11-25T10:00:00Z",
    }
    return {f"ce-{name}": value for name, value in (said | attributes).items()} | {
        "Content-Type": "application/json"
    }
