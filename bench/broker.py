"""Measures the broker against the naive way: events per second and CPU seconds per 1,000 events, in one run.

`python -m bench.broker [--events 20000]` starts a durable PostgreSQL, a function that does nothing under
granian (one worker) and the broker, publishes from a process of its own, and waits until the function has got
every event. The naive way commits each event by itself, opens a connection for each delivery, and deletes
each event by itself.
"""

import argparse
import asyncio
import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

import aiohttp
import psutil
from pg8000.native import Connection

from tooling.stack import accounts, once
from tooling.stack.ports import free_port
from tooling.stack.postgres import Postgres, service

ROOT = Path(__file__).resolve().parent.parent
TYPE = "app.heidi.listing.approved"
BODY = json.dumps(
    {"listing_id": "0197a4b2-6f3a-7a51-9c43-1d2e3f405162", "title": "Stadtbibliothek", "tags": ["x" * 9] * 20}
)
NAIVE_THREADS = 8
PUBLISHERS = 32
FUNCTION = """
count = 0

def app(environ, start_response):
    global count
    if environ["REQUEST_METHOD"] == "GET":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(count).encode()]
    environ["wsgi.input"].read()
    count += 1
    start_response("204 No Content", [])
    return []
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """What both ways run on; `roots` are the processes whose CPU time is counted, with those they started."""

    postgres: Postgres
    function_port: int
    broker_port: int
    token: str
    roots: dict[str, psutil.Process]

    def delivered(self) -> int:
        """How many deliveries the function has got so far."""
        with urlopen(f"http://127.0.0.1:{self.function_port}/", timeout=30) as answer:
            return int(answer.read())

    def cpu(self) -> dict[str, float]:
        """CPU seconds used so far, by part."""
        return {
            name: sum(map(cpu_of, (root, *root.children(recursive=True))))
            for name, root in self.roots.items()
        }


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way took for its events."""

    way: str
    events: int
    seconds: float
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        """CPU seconds of broker and Postgres; publisher and function are not counted."""
        return (self.cpu["broker"] + self.cpu["postgres"]) * 1_000 / self.events

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {seconds * 1_000 / self.events:.3f}" for name, seconds in self.cpu.items())
        return f"{self.way:<28}{self.rate:8.0f} events/s   CPU s per 1,000 events: {self.cpu_per_thousand:.3f} ({parts})"


def cpu_of(process: psutil.Process) -> float:
    """With what its ended children used."""
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:  # its parent has it now
        return 0.0
    return float(used.user + used.system + used.children_user + used.children_system)


def headers(number: str) -> dict[str, str]:
    """An event as the platform's functions send it."""
    attributes = {
        "specversion": "1.0",
        "id": number,
        "source": "/heidi/core",
        "type": TYPE,
        "time": "2027-01-15T08:00:00Z",
        "tenantid": "0197a4b2-6f3a-7a51-9c43-1d2e3f405163",
        "correlationid": number,
        "actorid": "0197a4b2-6f3a-7a52",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }
    return {"Content-Type": "application/json"} | {f"ce-{name}": value for name, value in attributes.items()}


def content(prefix: str, start: int, count: int) -> tuple[str, dict[str, str]]:
    """The body and headers of a request with that many events."""
    if count == 1:
        return BODY, headers(f"{prefix}-{start}")
    data = json.loads(BODY)
    events = []
    for number in range(start, start + count):
        attributes = headers(f"{prefix}-{number}")
        attributes["ce-datacontenttype"] = attributes.pop("Content-Type")
        events.append(
            {name.removeprefix("ce-"): value for name, value in attributes.items()} | {"data": data}
        )
    return json.dumps(events), {"Content-Type": "application/cloudevents-batch+json"}


async def publish(port: int, token: str, prefix: str, events: int, batch: int) -> None:
    """Publish over many connections."""
    requests = iter([content(prefix, start, min(batch, events - start)) for start in range(0, events, batch)])
    auth = {"Authorization": f"Bearer {token}"}

    async def work(session: aiohttp.ClientSession) -> None:
        for body, head in requests:
            async with session.post(f"http://127.0.0.1:{port}/", data=body, headers=auth | head) as answer:
                if answer.status != 202:
                    raise SystemExit(await answer.text())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        with at_the_word():
            await asyncio.gather(*(work(session) for _ in range(PUBLISHERS)))


def naive(postgres_port: int, password: str, function_port: int, events: int) -> None:
    """Some threads, each of which does everything one by one."""

    def work(first: int) -> None:
        with Connection(
            "postgres", host="127.0.0.1", port=postgres_port, password=password, database="naive"
        ) as connection:
            for number in range(first, events, NAIVE_THREADS):
                deliver(connection, function_port, headers(f"naive-{number}"))

    with at_the_word(), ThreadPoolExecutor(NAIVE_THREADS) as pool:
        list(pool.map(work, range(NAIVE_THREADS)))


def deliver(connection: Connection, function_port: int, head: dict[str, str]) -> None:
    """Insert, commit, connect, post, delete, commit."""
    source, event_id = head["ce-source"], head["ce-id"]
    connection.run(
        "INSERT INTO events (source, id, head, data) VALUES (:source, :id, :head, :data)",
        source=source,
        id=event_id,
        head=json.dumps(head),
        data=BODY.encode(),
    )
    client = http.client.HTTPConnection("127.0.0.1", function_port, timeout=30)
    client.request("POST", "/function/nothing", BODY, head)
    if client.getresponse().status != 204:
        raise SystemExit("the function does not answer 204")
    client.close()
    connection.run("DELETE FROM events WHERE source = :source AND id = :id", source=source, id=event_id)


def measure(bench: Bench, way: str, events: int, *command: object) -> Cost:
    """Let a process bring events, from its word until the function has got them all."""
    part = [sys.executable, "-m", "bench.broker", *map(str, command)]
    with subprocess.Popen(part, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        if process.stdin is None or process.stdout is None or not process.stdout.readline():
            raise SystemExit(f"{way} did not start")
        if way == "naive":
            bench = replace(bench, roots=bench.roots | {"broker": psutil.Process(process.pid)})
        seen, before, start = bench.delivered(), bench.cpu(), time.perf_counter()
        process.stdin.write(b"go\n")
        process.stdin.flush()
        while bench.delivered() - seen < events and process.poll() is None:
            time.sleep(0.05)
        seconds, after = time.perf_counter() - start, bench.cpu()
        process.stdin.close()
    if process.returncode:
        raise SystemExit(f"{way} failed")
    return Cost(way, events, seconds, {name: after[name] - before[name] for name in after})


@contextmanager
def at_the_word() -> Iterator[None]:
    """In the process: begin when told to, and stay to be looked at until nobody does."""
    print("ready", flush=True)
    sys.stdin.readline()
    yield
    sys.stdin.readline()


@contextmanager
def program(*command: str, **environment: str) -> Iterator[psutil.Process]:
    """Run a program as long as the block lasts."""
    process = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env=os.environ | environment)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str) -> None:
    """Until something answers there."""
    for _ in range(1_500):
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{url} does not answer")


def make_databases(postgres: Postgres) -> None:
    """One for each way."""
    for name in ("heidi_broker", "naive"):
        with postgres.connect() as connection:
            connection.run(f"CREATE DATABASE {name}")
    with postgres.connect("naive") as connection:
        connection.run(
            "CREATE TABLE events (source text, id text, head json, data bytea, PRIMARY KEY (source, id))"
        )


@contextmanager
def surroundings() -> Iterator[Bench]:
    """Everything started: a Postgres that really syncs, the function, the broker."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.chmod(0o755)
        account = accounts.unprivileged()
        postgres = Postgres(
            accounts.place(home / "postgres", home / "elsewhere", account),
            free_port(),
            secrets.token_hex(16),
            account,
        )
        server = psutil.Process(stack.enter_context(once.running(service(postgres), home)).pid)
        make_databases(postgres)
        (home / "nothing.py").write_text(FUNCTION)
        (home / "triggers.json").write_text(json.dumps([{"name": "nothing", "type": TYPE}]))
        function, broker, token = free_port(), free_port(), secrets.token_hex(16)
        granian = stack.enter_context(
            program(
                "granian",
                "--interface",
                "wsgi",
                "--workers",
                "1",
                "--blocking-threads",
                "1",
                "--no-ws",
                "--log-level",
                "error",
                "--port",
                str(function),
                "--working-dir",
                str(home),
                "nothing:app",
            )
        )
        running = stack.enter_context(
            program(
                "broker",
                POSTGRES_HOST="127.0.0.1",
                POSTGRES_PORT=str(postgres.port),
                POSTGRES_OWNER="postgres",
                POSTGRES_OWNER_PASSWORD=postgres.password,
                BROKER_TOKEN=token,
                BROKER_PORT=str(broker),
                LOG_LEVEL="WARN",
                BROKER_TRIGGERS=str(home / "triggers.json"),
                GATEWAY_URL=f"http://127.0.0.1:{function}",
            )
        )
        wait_for(f"http://127.0.0.1:{function}/")
        wait_for(f"http://127.0.0.1:{broker}/health/ready")
        yield Bench(
            postgres, function, broker, token, {"broker": running, "postgres": server, "function": granian}
        )


def run(events: int) -> None:
    """Measure and print."""
    with surroundings() as bench:
        token, port = bench.token, bench.broker_port
        measure(bench, "warm up", 1_000, "publish", port, token, "warm", 1_000, 100)
        few = max(1_000, events // 5)
        costs = [
            measure(
                bench,
                "naive",
                few,
                "naive",
                bench.postgres.port,
                bench.postgres.password,
                bench.function_port,
                few,
            ),
            measure(bench, "broker, one by one", events, "publish", port, token, "single", events, 1),
            measure(bench, "broker, batches of 100", events, "publish", port, token, "batch", events, 100),
        ]
    for cost in costs:
        ratio = f"   {cost.rate / costs[0].rate:.1f}× the rate, {cost.cpu_per_thousand / costs[0].cpu_per_thousand:.2f}× the CPU"
        print(f"{cost}{ratio if cost is not costs[0] else ''}")


def main() -> None:
    """The benchmark, or one of the processes that it starts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("part", nargs="*", help=argparse.SUPPRESS)
    given = parser.parse_args()
    match given.part:
        case ["publish", port, token, prefix, events, batch]:
            asyncio.run(publish(int(port), token, prefix, int(events), int(batch)))
        case ["naive", postgres_port, password, function_port, events]:
            naive(int(postgres_port), password, int(function_port), int(events))
        case _:
            run(given.events)


if __name__ == "__main__":
    main()
