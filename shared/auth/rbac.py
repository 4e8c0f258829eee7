"""Roles and permissions: the matrix of requirements §12.2 as data, resource:action, with a scope per role."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

Scope = Literal["own_tenant", "all_tenants"]
Permission = Literal[
    "analytics:read",
    "app_config:write",
    "audit:read",
    "builds:cancel",
    "builds:create",
    "builds:read",
    "categories:read",
    "categories:write",
    "chatbot:manage",
    "cities:activate",
    "cities:create",
    "cities:delete",
    "cities:read",
    "cities:update",
    "connectors:manage",
    "features:read",
    "features:register",
    "features:toggle",
    "listings:approve",
    "listings:create",
    "listings:delete",
    "listings:publish",
    "listings:read",
    "listings:update",
    "listings:update_own",
    "media:create",
    "media:delete",
    "notifications:manage",
    "notifications:read",
    "notifications:send",
    "payments:create",
    "payments:read",
    "payments:refund",
    "platform:operate",
    "platform:read",
    "schedules:manage",
    "schedules:read",
    "signing:manage",
    "tags:write",
    "templates:read",
    "templates:register",
    "templates:select",
    "terminals:manage",
    "terms:publish",
    "theme:write",
    "tiles:write",
    "users:create",
    "users:delete",
    "users:impersonate",
    "users:read",
    "users:update",
]

SUPER_ADMIN, SUPER_CITY_ADMIN, CITY_ADMIN, EDITOR, CITIZEN, ANONYMOUS = (
    "super_admin",
    "super_city_admin",
    "city_admin",
    "editor",
    "citizen",
    "anonymous",
)

READER: frozenset[Permission] = frozenset(
    {"listings:read", "categories:read", "templates:read", "features:read"}
)
WRITER: frozenset[Permission] = frozenset({"listings:create", "listings:update_own", "media:create"})
OPERATOR: frozenset[Permission] = frozenset(
    {
        "users:read",
        "users:create",
        "users:update",
        "users:delete",
        "listings:update",
        "listings:delete",
        "listings:approve",
        "listings:publish",
        "categories:write",
        "tags:write",
        "tiles:write",
        "media:delete",
        "notifications:send",
        "notifications:read",
        "notifications:manage",
        "builds:read",
        "analytics:read",
        "audit:read",
        "chatbot:manage",
        "payments:read",
        "schedules:read",
    }
)
OWNER: frozenset[Permission] = frozenset(
    {
        "cities:read",
        "cities:update",
        "templates:select",
        "features:toggle",
        "theme:write",
        "app_config:write",
        "builds:create",
        "builds:cancel",
        "signing:manage",
        "schedules:manage",
        "connectors:manage",
        "payments:create",
        "payments:refund",
        "terminals:manage",
        "terms:publish",
    }
)
PLATFORM: frozenset[Permission] = frozenset(
    {
        "cities:create",
        "cities:delete",
        "cities:activate",
        "templates:register",
        "features:register",
        "users:impersonate",
        "platform:read",
        "platform:operate",
    }
)

MATRIX: dict[str, frozenset[Permission]] = {
    SUPER_ADMIN: READER | WRITER | OPERATOR | OWNER | PLATFORM,
    SUPER_CITY_ADMIN: READER | WRITER | OPERATOR | OWNER,
    CITY_ADMIN: READER | WRITER | OPERATOR,
    EDITOR: READER | WRITER,
    CITIZEN: READER,
    ANONYMOUS: READER,
}
# who works for a city, or for the platform
STAFF = frozenset({SUPER_ADMIN, SUPER_CITY_ADMIN, CITY_ADMIN, EDITOR})
RANK = {role: rank for rank, role in enumerate(reversed(MATRIX))}
SCOPES: dict[str, Scope] = {role: "all_tenants" if role == SUPER_ADMIN else "own_tenant" for role in MATRIX}


@lru_cache(256)
def permissions_of(roles: tuple[str, ...]) -> frozenset[str]:
    """Everything that these roles together may do; unknown roles add nothing."""
    return frozenset().union(*(MATRIX.get(role, frozenset()) for role in roles))


def may_grant(granter: Iterable[str], role: str) -> bool:
    """Nobody grants a role above their own."""
    return (
        role in RANK and role != ANONYMOUS and max((RANK.get(r, 0) for r in granter), default=0) >= RANK[role]
    )


def all_permissions() -> list[str]:
    """Every permission there is, sorted."""
    return sorted(MATRIX[SUPER_ADMIN])
