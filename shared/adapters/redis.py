"""Redis: one client per process, and keys that always name their tenant."""

import socket
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from shared.errors import Unavailable
from shared.kit.misconfiguration import caused_by_tls, misconfigured, tell
from shared.kit.settings import settings

if TYPE_CHECKING:
    from redis import ConnectionPool

SECONDS = 2  # until Redis must have answered


@lru_cache(1)
def connections() -> "ConnectionPool":
    """Where the process's Redis connections come from."""
    with unmeasured():
        from redis import ConnectionPool

    password = settings().redis_password
    return ConnectionPool.from_url(
        settings().redis_url,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        max_connections=1000,
        **({"password": password.get_secret_value()} if password else {}),
    )


@contextmanager
def unmeasured() -> Iterator[None]:
    """Import redis-py without its own metrics, which nobody reads: with the OpenTelemetry SDK in reach it
    imports all of it, a third of its time and 3 MiB. Nobody else imports the SDK at that moment where nothing
    is exported.
    """
    if settings().otel_exporter_otlp_endpoint or "opentelemetry" in sys.modules:
        yield
        return
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]  # as if it were not installed
    try:
        yield
    finally:
        del sys.modules["opentelemetry"]


def key(tenant_id: UUID | str, *parts: object) -> str:
    """`tenant:<id>:<part>:…` (requirements §4.2)."""
    return ":".join(("tenant", str(tenant_id), *map(str, parts)))


def command(*words: Any) -> Any:
    """One Redis command; Unavailable when Redis does not answer, also on a new connection, or is full;
    Misconfigured when it refuses us.

    Each thread keeps a connection and speaks on it directly: half the cost of redis-py's client, which takes
    one from its pool for every command (bench/http_cost.py).
    """
    for last in (False, True):
        try:
            if not hasattr(mine, "connection"):
                mine.connection = connected()
            mine.connection.send_command(*words, check_health=False)
            return mine.connection.read_response()
        except Exception as error:  # noqa: BLE001 (Redis' own errors are imported where there is one)
            explain(error, last=last)
    return None


def connected() -> Any:
    """A connection of this thread's own; a pool would count each try, and give out no more after a thousand."""
    made = connections()
    connection: Any = made.connection_class(**made.connection_kwargs)
    connection.connect()
    wire = connection._get_socket()  # noqa: SLF001 (redis-py tells nobody else what is open)
    # the system watches the time: Python would ask it before each byte whether there is one
    if type(wire) is socket.socket:
        wire.settimeout(None)
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            wire.setsockopt(socket.SOL_SOCKET, direction, struct.pack("@ll", SECONDS, 0))
    return connection


def explain(error: Exception, *, last: bool) -> None:
    """What went wrong, as one of our errors; nothing where a new connection is worth a try."""
    from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError
    from redis.exceptions import ConnectionError as Lost

    # another is the master now: the address leads there
    from redis.exceptions import ReadOnlyError as Demoted
    from redis.exceptions import TimeoutError as Late

    if isinstance(error, AuthenticationError | NoPermissionError):
        forget_connection()
        raise misconfigured("redis", error, url=address()) from error
    if isinstance(error, Lost | Late | Demoted | OSError):  # Demoted before what it is a kind of
        forget_connection()
        if caused_by_tls(error):
            raise misconfigured("redis", error, url=address()) from error
        if last:
            raise Unavailable(dependency="redis") from error
        return
    if isinstance(error, ResponseError) and takes_nothing(error):
        tell("redis is full", "redis", error, url=address())
        raise Unavailable(dependency="redis") from error
    raise error


def takes_nothing(error: Exception) -> bool:
    """Whether its memory, or the disk under it, is full: it answers, but keeps nothing more; a script's error
    only cites that.
    """
    from redis.exceptions import OutOfMemoryError

    return (
        isinstance(error, OutOfMemoryError) or "OOM command" in str(error) or str(error).startswith("MISCONF")
    )


def forget_connection() -> None:
    """The next command of this thread takes a new one."""
    if hasattr(mine, "connection"):
        mine.connection.disconnect()
        del mine.connection


def address() -> str:
    """Where Redis is, without what may be secret in its address."""
    url = urlsplit(settings().redis_url)
    return f"{url.scheme}://{url.hostname}:{url.port or 6379}{url.path}"


mine = threading.local()
