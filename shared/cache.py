"""Redis: one client per process, and keys that always name their tenant."""

import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.errors import Unavailable
from shared.settings import settings

if TYPE_CHECKING:
    from redis import ConnectionPool


@lru_cache(1)
def connections() -> "ConnectionPool":
    """Where the process's Redis connections come from."""
    from redis import ConnectionPool

    password = settings().redis_password
    return ConnectionPool.from_url(
        settings().redis_url,
        socket_timeout=2,
        socket_connect_timeout=2,
        max_connections=1000,
        **({"password": password.get_secret_value()} if password else {}),
    )


def key(tenant_id: UUID | str, *parts: object) -> str:
    """`tenant:<id>:<part>:…` (requirements §4.2)."""
    return ":".join(("tenant", str(tenant_id), *map(str, parts)))


def command(*words: Any) -> Any:
    """One Redis command; Unavailable when Redis does not answer, after one try on a new connection.

    Each thread keeps a connection and speaks on it directly: half the cost of redis-py's client, which takes one from
    its pool for every command (bench/http_cost.py).
    """
    from redis.exceptions import ConnectionError as Lost
    from redis.exceptions import (
        ReadOnlyError as Demoted,
    )  # another is the master now: the address leads there
    from redis.exceptions import TimeoutError as Late

    for last in (False, True):
        try:
            if not hasattr(mine, "connection"):
                mine.connection = connections().make_connection()
            mine.connection.send_command(*words, check_health=False)
            return mine.connection.read_response()
        except (Lost, Late, Demoted, OSError) as error:
            if hasattr(mine, "connection"):
                mine.connection.disconnect()
                del mine.connection
            if last:
                raise Unavailable(dependency="redis") from error
    return None


mine = threading.local()
