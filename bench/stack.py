"""What the benchmarks run on: one Postgres, one Redis, a broker that accepts everything, and the two ways
beside each other.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from uuid import UUID

import psutil

from bench.data import TENANTS, fill
from tooling.stack.ports import free_port

if TYPE_CHECKING:
    from tooling.stack.postgres import Postgres

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
PASSWORDS = {"heidi_owner": "owner", "heidi_app": "app", "heidi_relay": "relay"}
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is started and which path says that it is alive; `function` is what ours serves, one at a
    time.
    """

    name: str
    command: list[str]
    health: str

    def environment(self, function: str, port: int) -> dict[str, str]:
        """As in the image: bytecode may be kept, two malloc arenas; nothing is said about single requests."""
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return kept | {
            "MALLOC_ARENA_MAX": "2",
            "PORT": str(port),
            "FUNCTION_TARGET": function if self is OURS else "api",
        }

    @contextmanager
    def serving(self, function: str, path: str = "") -> Iterator["Served"]:
        """A running server whose `path` has answered 200."""
        port = free_port()
        with tempfile.TemporaryFile() as log:
            started = time.perf_counter()
            process = subprocess.Popen(
                self.command, cwd=ROOT, env=self.environment(function, port), stdout=log, stderr=log
            )
            try:
                wait(port, path or self.health, process, log)
                yield Served(port, psutil.Process(process.pid), time.perf_counter() - started)
            finally:
                process.terminate()
                process.wait()


OURS = Way("ours", [sys.executable, "-m", "shared.runtime.server"], "/health/live")
NAIVE = Way(
    "naive",
    [
        str(Path(sys.executable).parent / "functions-framework"),
        "--source",
        "bench/naive.py",
        "--target",
        "api",
        "--host",
        "127.0.0.1",
    ],
    "/health",
)


@dataclass(frozen=True, slots=True)
class Served:
    """A server under measurement; `ready` is how many seconds its first answer took from the start of the
    process.
    """

    port: int
    process: psutil.Process
    ready: float

    def cpu(self) -> float:
        """CPU seconds of the process and all it has started."""
        return cpu(self.process)

    def memory(self) -> tuple[float, float]:
        """MiB of the whole process tree: resident, and proportional (what is shared counts once)."""
        found = [
            process.memory_full_info() for process in (self.process, *self.process.children(recursive=True))
        ]
        return sum(m.rss for m in found) / MIB, sum(m.pss for m in found) / MIB


def wait(port: int, path: str, process: subprocess.Popen[bytes], log: BinaryIO) -> None:
    """Ask every millisecond until it answers 200; its log when it does not."""
    question = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"X-Tenant-ID": "city1"})
    end = time.monotonic() + 30
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(question, timeout=5) as answer:
                answer.read()
                return
        except OSError:
            time.sleep(0.001)
    log.seek(0)
    raise SystemExit(f"{process.args!r} did not answer at {path}:\n{log.read().decode()[-3000:]}")


def cpu(process: psutil.Process) -> float:
    """CPU seconds of a process tree, ended children included."""
    total = 0.0
    for part in (process, *process.children(recursive=True)):
        try:
            times = part.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def md5(text: str) -> UUID:
    """An id as `data.fill` makes them."""
    return UUID(hashlib.md5(text.encode()).hexdigest())


@contextmanager
def stack() -> Iterator[psutil.Process]:
    """Everything filled and known, its addresses in the environment; the Postgres server's process."""
    with servers("core") as postgres:
        os.environ["NAIVE_DATABASE_URL"] = postgres.url("heidi_core").replace(
            "postgresql:", "postgresql+pg8000:"
        )
        with postgres.connect("heidi_core") as connection:
            fill(connection)
        remember_tenants(TENANTS)
        yield psutil.Process(int((postgres.data / "postmaster.pid").read_text().split()[0]))


@contextmanager
def servers(*services: str) -> "Iterator[Postgres]":
    """A Postgres with these services' empty databases, a Redis, a silent broker; their addresses in the
    environment.
    """
    from tooling.migrate import migrate
    from tooling.stack import databases
    from tooling.stack.postgres import embedded_postgres
    from tooling.stack.redis import embedded_redis

    with ExitStack() as open_:
        directory = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="heidi-bench-")))
        directory.chmod(0o755)
        postgres = open_.enter_context(embedded_postgres(directory))
        redis = open_.enter_context(embedded_redis(directory / "redis"))
        os.environ.update(
            {
                "POSTGRES_HOST": "127.0.0.1",
                "POSTGRES_PORT": str(postgres.port),
                "POSTGRES_PASSWORD": "app",
                "POSTGRES_OWNER_PASSWORD": "owner",
                "POSTGRES_RELAY_PASSWORD": "relay",
                "POSTGRES_SUPERUSER_PASSWORD": postgres.password,
                "REDIS_URL": redis.url,
                "RATE_LIMIT_TENANT": "100000000",
                "RATE_LIMIT_USER": "100000000",
                "RATE_LIMIT_IP": "100000000",
                "JWT_SECRET": "bench-secret-of-more-than-thirty-two-bytes",
                "LOG_LEVEL": "ERROR",
                "BROKER_URL": open_.enter_context(silent_broker()),
            }
        )
        databases.prepare(postgres, PASSWORDS, [f"heidi_{service}" for service in services])
        for service in services:
            migrate(service)
        yield postgres


@contextmanager
def second(postgres: "Postgres", prefix: str, *services: str) -> Iterator[None]:
    """The same services' databases once more under another prefix, to measure beside the first ones."""
    from tooling.migrate import migrate
    from tooling.stack import databases

    databases.prepare(postgres, PASSWORDS, [prefix + service for service in services])
    for service in services:
        migrate(service, prefix=prefix)
    yield


def in_databases(prefix: str, measure: Callable[[], T]) -> T:
    """What a measurement gives in the databases under this prefix."""
    from shared.kit.settings import settings

    os.environ["POSTGRES_DATABASE_PREFIX"] = prefix
    settings.cache_clear()
    return measure()


def remember_tenants(count: int) -> None:
    """Put the cities into the directory in Redis, where every function looks them up."""
    from shared.adapters import redis as cache
    from shared.tenancy.tenants import Tenant, key

    for n in range(1, count + 1):
        tenant = Tenant(id=md5(f"t{n}"), slug=f"city{n}", name=f"City {n}")
        for name in (tenant.slug, str(tenant.id)):
            cache.command("SET", key(name), tenant.model_dump_json())


@contextmanager
def silent_broker() -> Iterator[str]:
    """A broker that accepts everything: its cost is not the server's."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "bench.accept", str(port)], cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()
