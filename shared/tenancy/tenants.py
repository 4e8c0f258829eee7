"""Who is meant: the tenant of a request, and the directory that knows every tenant.

The city service owns the tenants. Every function keeps a short memory of them, in this order: this process (2
s), Redis (60 s, until the city changes), the function `find-tenant`.
"""

import re
import time
from datetime import date
from functools import lru_cache
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.adapters import redis
from shared.errors import TenantInactive, TenantMismatch, TenantRequired, UnknownTenant
from shared.kit.ids import PLATFORM_ID, is_id
from shared.kit.languages import DEFAULT
from shared.kit.settings import settings
from shared.peers.read_through import forget as forget_shared
from shared.peers.read_through import recall
from shared.telemetry.metrics import recalled

MEMORY_SECONDS = 2.0
SHARED_SECONDS = 60
LONGEST_HOST = 512  # what is remembered must not be as long as a caller likes
LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(
    rf"(?=.{{4,253}}\Z)(?!.*\.(?:localhost|local|internal|svc|arpa|onion)\Z)(?:{LABEL}\.)+[a-z]{LABEL}"
)
SLUG = re.compile(LABEL)


class Tenant(BaseModel):
    """A city as every function sees it; never its people or its content."""

    model_config = ConfigDict(frozen=True)
    id: UUID
    slug: str
    name: str
    active: bool = True
    preparing: bool = False  # without an imprint: for its staff only
    languages: tuple[str, ...] = (DEFAULT,)
    features: frozenset[str] = frozenset()
    time_zone: str = "Europe/Berlin"
    terms: int = 0  # the version of the mandatory terms in force; 0 for none
    second_factor: bool = False  # whether its admins need one
    quotas: dict[str, int] = {}
    colour: str = "#00508c"  # of its mails' buttons
    federal_state: str | None = None  # ISO 3166-2
    holiday_groups: tuple[str, ...] = ()
    own_holidays: dict[date, str] = {}
    logo: str = ""  # the path of a picture of its own; empty for none

    @property
    def language(self) -> str:
        """The city's first language."""
        return self.languages[0] if self.languages else DEFAULT


PLATFORM = Tenant(id=PLATFORM_ID, slug="platform", name="HEIDI")
ALWAYS = {name: (float("inf"), PLATFORM) for name in (PLATFORM.slug, str(PLATFORM.id))}
memory: dict[str, tuple[float, Tenant | None]] = {**ALWAYS}


def lookup(name: str, asker: str = "") -> Tenant | None:
    """The tenant with this id or slug, or None; Unavailable when nobody can say.

    `asker` is an address that may not ask for many names in vain (RateLimited).
    """
    known = memory.get(name)
    if known and known[0] > time.monotonic():
        recalled.count("directory", "process")
        return known[1]
    if not (SLUG.fullmatch(name) or DOMAIN.fullmatch(name)):  # nor remembered: it may have any length
        return None
    text = recall(key(name), f"/api/internal/city/tenant?name={name}", SHARED_SECONDS, asker)
    tenant = Tenant.model_validate_json(text) if text else None
    # whoever writes to Redis moves no token to another city
    if tenant and is_id(name) and str(tenant.id) != name:
        tenant = None
    if len(memory) > 10_000:
        memory.clear()
        memory.update(ALWAYS)
    memory[name] = (time.monotonic() + MEMORY_SECONDS, tenant)
    return tenant


def forget(tenant: Tenant) -> None:
    """Make a change to a tenant known: Redis forgets at once, other processes within two seconds."""
    for name in (tenant.slug, str(tenant.id)):
        forget_name(name)


def forget_name(name: str) -> None:
    """Make known that a name leads elsewhere, or nowhere."""
    memory.pop(name, None)
    forget_shared(key(name))


def key(name: str) -> str:
    """Where Redis keeps who is meant by a name; that is known before a city is, so it is the platform's."""
    return redis.key(PLATFORM_ID, "directory", name)


@lru_cache(4096)
def slug_of_host(host: str) -> str:
    """The city's label in a host name: `heidelberg` in heidelberg.heidi.app:443, nothing in heidi.app itself."""
    name = without_port(host)
    slug = name.removesuffix("." + settings().base_domain)
    return slug if slug != name and SLUG.fullmatch(slug) else ""


def without_port(host: str) -> str:
    """A host name as it is compared."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return name.lower().rstrip(".")


def resolve(
    host: str, header: str, token_tenant: UUID | None, *, everywhere: bool, asker: str = ""
) -> Tenant:
    """The one tenant that host name, header and token agree on (DESIGN: tenants).

    A token whose scope is all tenants may name any city by host or header.
    """
    named = [name for name in (slug_of_host(host[:LONGEST_HOST]), header.strip().lower()) if name]
    found = [find(name, asker) for name in named]
    if token_tenant and not (everywhere and found):
        found.append(find(str(token_tenant)))
    if not found and (owner := owner_of(host[:LONGEST_HOST], asker)):
        found.append(owner)
    if not found:
        raise TenantRequired
    if any(tenant.id != found[0].id for tenant in found):
        raise TenantMismatch
    if not found[0].active and not everywhere:
        raise TenantInactive
    return found[0]


def owner_of(host: str, asker: str) -> Tenant | None:
    """The city that a host name outside our own domain leads to; asked only where nothing else names one."""
    name = without_port(host)
    base = settings().base_domain
    return (
        lookup(name, asker)
        if DOMAIN.fullmatch(name) and name != base and not name.endswith("." + base)
        else None
    )


def address(tenant: Tenant) -> str:
    """Where a city's API answers: its own host name, so that every link and picture names the city."""
    from urllib.parse import urlsplit

    url = urlsplit(settings().public_url)
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{tenant.slug}.{settings().base_domain}{port}"


def find(name: str, asker: str = "") -> Tenant:
    """The tenant, or UnknownTenant."""
    tenant = lookup(name, asker)
    if tenant is None:
        raise UnknownTenant(tenant=name[:63])
    return tenant
