"""Rate limits of requirements §12.3, counted in Redis for all processes together, in leases so that most
calls cost nothing.

A process takes up to a tenth of what is left of a minute's count at once and spends it alone. Never more than
the limit is granted, and in one process exactly that many, however many threads ask; a lease that is not used
up is lost with the minute. Who is counted where, and what of a city's limit is kept for whom:
docs/decisions/0021-who-is-counted-where.md.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from shared.adapters import counters, redis
from shared.auth.tokens import Principal
from shared.errors import RateLimited
from shared.kit.ids import PLATFORM_ID
from shared.kit.settings import settings
from shared.tenancy.tenants import Tenant

LEASE = 10
WINDOW = 60
MEMORY = 100_000
# how many anonymous readers' calls the people of one address have together, once they are signed in
HOUSEHOLD = 6
PICTURES = 10  # how many pictures one may see for each call that one may make
# what citizens and guests can use of a city's limit; what everyone but its staff can
MEMBERS, PUBLIC = 0.7, 0.9


@dataclass(slots=True)
class Lease:
    """What this process has left of a minute's count; `taken` is how many all processes had, when it last
    asked.
    """

    window: int
    left: int = 0
    taken: int = 0
    asking: int = 0
    is_last: bool = False


class Limit(NamedTuple):
    """So many calls a minute; `name` is what RateLimit-Policy calls it."""

    name: str
    key: str
    most: int


leases: dict[tuple[str, int], Lease] = {}
spending = threading.Lock()
brought = threading.Condition(spending)


def spend(key: str, limit: int, now: float) -> int:
    """Count one call; how many are left as far as this process knows. RateLimited when the minute's limit is
    reached.
    """
    window = int(now) // WINDOW
    with spending:
        lease = leases.get((key, limit))
        if lease is None or lease.window != window:
            lease = new_lease(key, limit, window)
        if lease.left:  # nearly always
            lease.left -= 1
            return lease.left + max(0, limit - lease.taken)
        if lease.is_last:
            return of_lease(lease, limit, now)
        lease.asking += 1
    share = taken = 0
    try:
        share, taken = counters.take(f"{key}:{window}", limit, LEASE, 2 * WINDOW)
    finally:
        with spending:
            lease.asking -= 1
            lease.left, lease.taken = lease.left + share, max(lease.taken, taken)
            lease.is_last = lease.taken >= limit
            brought.notify_all()
    with spending:
        return of_lease(lease, limit, now)


def new_lease(key: str, limit: int, window: int) -> Lease:
    """This minute's lease, of which nothing is there yet."""
    if len(leases) > MEMORY:
        leases.clear()
    lease = leases[key, limit] = Lease(window)
    return lease


def of_lease(lease: Lease, limit: int, now: float) -> int:
    """Spend one; where none is left, others of this process may be about to bring some."""
    brought.wait_for(lambda: lease.left or not lease.asking)
    if not lease.left:
        raise RateLimited(retryAfter=seconds_left(now))
    lease.left -= 1
    return lease.left + max(0, limit - lease.taken)


def seconds_left(now: float) -> int:
    """Until the next minute begins."""
    return WINDOW - int(now) % WINDOW


def check(tenant: Tenant, caller: Principal, address: str, *, picture: bool = False) -> dict[str, str]:
    """Count a call; what the caller is told of it (draft-ietf-httpapi-ratelimit-headers). RateLimited where
    one limit is reached.

    The caller's own limit comes first: what it refuses does not count for the city, or one caller could use
    that up.
    """
    now, config = time.time(), settings()
    limits, policy = applying(
        tenant.id,
        caller.id,
        address,
        (caller.guest, caller.is_staff, picture),
        (config.rate_limit_ip, config.rate_limit_user, config.rate_limit_tenant),
    )
    own = None
    for limit in limits:
        try:
            left = spend(limit.key, limit.most, now)
        except RateLimited as refusal:
            refusal.said = {"RateLimit": told(limit, 0, now), "RateLimit-Policy": policy}
            raise
        own = left if own is None else own
    return {"RateLimit": told(limits[0], own or 0, now), "RateLimit-Policy": policy}


class Most(NamedTuple):
    """RATE_LIMIT_IP, RATE_LIMIT_USER, RATE_LIMIT_TENANT."""

    address: int
    person: int
    city: int


class Kind(NamedTuple):
    """Who calls, and what for."""

    is_guest: bool
    is_staff: bool
    picture: bool


@lru_cache(4096)
def applying(
    tenant: UUID,
    person: UUID | None,
    address: str,
    whom: tuple[bool, bool, bool],
    numbers: tuple[int, int, int],
) -> tuple[tuple[Limit, ...], str]:
    """The limits that count, in the order in which they are asked, and how RateLimit-Policy says them."""
    kind, most = Kind(*whom), Most(*numbers)
    found = [*own_limits(tenant, person, address, kind, most), *city_limits(tenant, person, kind, most)]
    if kind.picture:
        found = [Limit(limit.name, f"{limit.key}:pictures", limit.most * PICTURES) for limit in found]
    return tuple(found), ", ".join(f'"{limit.name}";q={limit.most};w={WINDOW}' for limit in found)


def own_limits(tenant: UUID, person: UUID | None, address: str, kind: Kind, most: Most) -> Iterator[Limit]:
    """The caller's own: staff count by person, citizens by person and address, guests share their address's."""
    if person is None or kind.is_guest:
        yield Limit("address", redis.key(tenant, "rate", "ip", address), most.address)
    if person:
        yield Limit("person", redis.key(tenant, "rate", "user", person), most.person)
        if not (kind.is_guest or kind.is_staff):
            yield Limit(
                "household", redis.key(tenant, "rate", "household", address), most.address * HOUSEHOLD
            )


def city_limits(tenant: UUID, person: UUID | None, kind: Kind, most: Most) -> Iterator[Limit]:
    """What a city has for all together. The platform is not a city: its calls are limited by person and
    address.
    """
    if tenant == PLATFORM_ID:
        return
    if person and not kind.is_staff:
        yield Limit("members", redis.key(tenant, "rate", "members"), share(most.city, MEMBERS))
    yield Limit(
        "city", redis.key(tenant, "rate", "tenant"), most.city if kind.is_staff else share(most.city, PUBLIC)
    )


def share(limit: int, part: float) -> int:
    """A part of a limit, at least one call."""
    return limit - int(limit * (1 - part) + 1e-9)


def refused(address: str) -> None:
    """Count a call that was refused before anybody knew who calls where; RateLimited for an address that
    makes many.
    """
    spend(
        redis.key(PLATFORM_ID, "rate", "refused", address), settings().rate_limit_ip * HOUSEHOLD, time.time()
    )


def told(limit: Limit, left: int, now: float) -> str:
    """How many calls are left of a limit, and for how many seconds."""
    return f'"{limit.name}";r={left};t={seconds_left(now)}'
