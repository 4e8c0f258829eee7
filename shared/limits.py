"""Rate limits of requirements §12.3, counted in Redis for all processes together, in leases so that most calls cost nothing.

A process takes up to a tenth of a limit at once from the minute's count and spends it alone. No more than the limit is
ever granted; a lease that a process does not use up is lost with the minute.
"""

import threading
import time
from dataclasses import dataclass

from shared import cache
from shared.errors import RateLimited
from shared.ids import PLATFORM_ID
from shared.settings import settings
from shared.tenants import Tenant
from shared.tokens import Principal

LEASE = 10
WINDOW = 60
MEMORY = 100_000
COUNT = (
    "local n = redis.call('INCRBY', KEYS[1], ARGV[1]) "
    "if n == tonumber(ARGV[1]) then redis.call('EXPIRE', KEYS[1], 120) end return n"
)


@dataclass(slots=True)
class Lease:
    """What is left of a minute's share."""

    window: int
    left: int


leases: dict[str, Lease] = {}
spending = threading.Lock()


def spend(key: str, limit: int, now: float) -> None:
    """Count one call; RateLimited when the minute's limit is reached."""
    window = int(now) // WINDOW
    if not spend_leased(key, window):
        lease = Lease(window, take(key, limit, window) - 1)
        if lease.left < 0:
            raise RateLimited(retryAfter=WINDOW - int(now) % WINDOW)
        with spending:
            if len(leases) > MEMORY:
                leases.clear()
            leases[key] = lease


def spend_leased(key: str, window: int) -> bool:
    """Whether this process had a call left in its lease."""
    with spending:
        lease = leases.get(key)
        if lease is None or lease.window != window or lease.left <= 0:
            return False
        lease.left -= 1
        return True


def take(key: str, limit: int, window: int) -> int:
    """A lease from the shared count; 0 when the limit is reached."""
    size = max(1, min(LEASE, limit // 10))
    total = int(cache.command("EVAL", COUNT, 1, f"{key}:{window}", size))
    return max(0, min(size, limit - (total - size)))


def check(tenant: Tenant, caller: Principal, address: str) -> None:
    """Per tenant 1000 a minute, per user 100; per address 50, for anonymous callers only.

    The caller's own limit comes first: what it refuses does not count for the city, or one caller could use that up.
    """
    config, now = settings(), time.time()
    if caller.id:
        spend(cache.key(tenant.id, "rate", "user", caller.id), config.rate_limit_user, now)
    else:
        spend(cache.key(tenant.id, "rate", "ip", address), config.rate_limit_ip, now)
    if tenant.id != PLATFORM_ID:  # the platform is not a city: its calls are limited by person and address
        spend(cache.key(tenant.id, "rate", "tenant"), config.rate_limit_tenant, now)
