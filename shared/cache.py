"""Redis: one client per process, and keys that always name their tenant."""
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.errors import Unavailable
from shared.settings import settings

if TYPE_CHECKING:
    from redis import Redis


@lru_cache(1)
def client() -> "Redis":
    """The process's Redis client (redis-py keeps its own pool); connects at the first command."""
    from redis import Redis

    password = settings().redis_password
    return Redis.from_url(settings().redis_url, password=password.get_secret_value() if password else None,
                          socket_timeout=2, socket_connect_timeout=2, health_check_interval=0)


def key(tenant_id: UUID | str, *parts: object) -> str:
    """`tenant:<id>:<part>:…` (requirements §4.2)."""
    return ":".join(("tenant", str(tenant_id), *map(str, parts)))


def command(*words: Any) -> Any:
    """One Redis command; Unavailable when Redis does not answer, after one try on a new connection."""
    from redis.exceptions import ConnectionError as Lost
    from redis.exceptions import TimeoutError as Late

    for last in (False, True):
        try:
            return client().execute_command(*words)  # type: ignore[no-untyped-call]
        except (Lost, Late, OSError) as error:
            if last:
                raise Unavailable(dependency="redis") from error
    return None
