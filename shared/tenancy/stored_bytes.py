"""How many bytes a city stores in each service, for the other services: in Redis, moments after the commit.

A service counts its own exactly, in its table `usage` (shared/quotas.py); `gather-stored-bytes` puts right
what got lost on the way (docs/decisions/0020-files-follow-rows.md).
"""

from contextlib import suppress
from uuid import UUID

from shared.adapters import redis
from shared.errors import Unavailable

LIFE = 24 * 3600  # seconds without being told again
ELSEWHERE = """local sum, all = 0, redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do if all[i] ~= ARGV[1] then sum = sum + all[i + 1] end end
return sum"""
ADD = """redis.call('HINCRBY', KEYS[1], ARGV[1], ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])"""
TELL = """redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('EXPIRE', KEYS[1], ARGV[3])"""


def elsewhere(tenant_id: UUID, service: str) -> int:
    """What the city stores in all other services; nothing where Redis does not say: its own a service knows
    by itself.
    """
    with suppress(Unavailable):
        return max(0, int(redis.command("EVAL", ELSEWHERE, 1, key(tenant_id), service)))
    return 0


def add(tenant_id: UUID, service: str, amount: int) -> None:
    """A service has so many bytes more, or less."""
    redis.command("EVAL", ADD, 1, key(tenant_id), service, amount, LIFE)


def tell(tenant_id: UUID, service: str, used: int) -> None:
    """A service has so many bytes."""
    redis.command("EVAL", TELL, 1, key(tenant_id), service, used, LIFE)


def key(tenant_id: UUID) -> str:
    """Where it stands."""
    return redis.key(tenant_id, "stored")
