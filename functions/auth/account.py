"""An account as clients see it, the roles it may have, and who may grant them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal
from uuid import UUID

from shared.auth.rbac import ANONYMOUS, RANK, SUPER_ADMIN, may_grant, permissions_of
from shared.context import Context
from shared.errors import Conflict, Forbidden, Problem
from shared.kit.ids import PLATFORM_ID
from shared.schema import Schema

Role = Literal["super_admin", "super_city_admin", "city_admin", "editor", "citizen"]


class State(StrEnum):
    """Only an active account can log in; every other state looks like a wrong password."""

    ACTIVE = "active"
    LOCKED = "locked"
    INACTIVE = "inactive"


class Kind(StrEnum):
    """A guest is known by a device alone; a person has an address."""

    PERSON = "person"
    GUEST = "guest"


class AccountOut(Schema):
    """`email` is null for a guest."""

    id: UUID
    email: str | None
    name: str
    language: str
    roles: list[str]


class AccountExists(Conflict):
    message = "Someone with this e-mail address has an account here already."


class RoleNotGrantable(Problem):
    status = 403
    message = "You cannot decide about the role {role}: nobody decides about a role above their own."


class OwnRoles(Conflict):
    message = "Nobody changes their own roles. Ask another administrator."


class GuestsAreCitizens(Conflict):
    message = "A guest can have no other role. Once they have given an e-mail address, they can."


def grantable(ctx: Context, role: str) -> bool:
    """Whether the caller may decide about a role here; a super admin is one only on the platform, never in a
    city.
    """
    return may_grant(ctx.user.roles, role) and (role != SUPER_ADMIN or ctx.tenant.id == PLATFORM_ID)


def refuse_to_grant(ctx: Context, roles: Iterable[str]) -> None:
    """RoleNotGrantable, naming the first of these roles that the caller may not decide about."""
    for role in roles:
        if not grantable(ctx, role):
            raise RoleNotGrantable(role=role)


def refuse_to_give(ctx: Context, roles: Iterable[str], had: Iterable[str] = (ANONYMOUS,)) -> None:
    """As `refuse_to_grant`; Forbidden where the roles add what the caller's API token may not do, whatever
    its owner may.
    """
    refuse_to_grant(ctx, roles)
    if beyond := permissions_of(tuple(roles)) - permissions_of(tuple(had)) - ctx.user.permissions:
        raise Forbidden(permission=min(beyond))


def in_order(roles: Iterable[str]) -> list[str]:
    """Each role once, the highest first."""
    return sorted(set(roles), key=lambda role: -RANK.get(role, 0))
