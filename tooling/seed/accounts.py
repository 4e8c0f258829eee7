"""The people of a demonstration: a super admin for the platform, four kinds of users for a city."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from pydantic import SecretStr
from sqlalchemy import select

from functions.auth.accounts.new_account import open_account
from functions.auth.invitations.accept_invitation import accept_invitation
from functions.auth.password import hashed
from functions.auth.tables import Account
from shared.auth.rbac import CITIZEN, CITY_ADMIN, EDITOR, SUPER_ADMIN, SUPER_CITY_ADMIN
from shared.context import Context, acting
from shared.function import record_of
from shared.kit.settings import settings
from shared.tenancy.tenants import PLATFORM, Tenant
from tooling.command_failed import CommandFailed

DEMO_PASSWORD = "Rathaus-am-Fluss-7"  # noqa: S105 (for everybody to read; refused in production below)
PEOPLE = {
    SUPER_ADMIN: "Samira Adler",
    SUPER_CITY_ADMIN: "Petra Seiler",
    CITY_ADMIN: "Jonas Weidner",
    EDITOR: "Lena Brandt",
    CITIZEN: "Emre Yıldız",
}


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody who can log in; `tenant` is what the login call names."""

    id: UUID
    tenant: str
    role: str
    name: str
    email: str
    password: str


def demo_accounts(tenant: Tenant) -> list[DemoAccount]:
    """Who a tenant's demonstration people are; their ids are the same on every machine whose tenant has the
    same id.
    """
    roles = [SUPER_ADMIN] if tenant.id == PLATFORM.id else [SUPER_CITY_ADMIN, CITY_ADMIN, EDITOR, CITIZEN]
    return [
        DemoAccount(
            uuid5(tenant.id, role),
            tenant.slug,
            role,
            PEOPLE[role],
            f"{role.replace('_', '-')}@{tenant.slug}.example",
            DEMO_PASSWORD,
        )
        for role in roles
    ]


def seed_accounts(tenant: Tenant) -> list[DemoAccount]:
    """Open the accounts that are missing, together with the events that tell the other services;
    CommandFailed in production.
    """
    if settings().environment == "production":
        raise CommandFailed(
            "Demonstration accounts have passwords that everybody knows; they are not made in production."
        )
    people = demo_accounts(tenant)
    with acting_as(accept_invitation, tenant) as ctx:
        present = set(ctx.db.scalars(select(Account.email)))
        for person in people:
            if person.email not in present:
                open_account(
                    ctx,
                    person.email,
                    person.name,
                    hashed(SecretStr(person.password)),
                    roles=[person.role],
                    language=tenant.language,
                    account_id=person.id,
                )
    return people


def acting_as(handler: Callable[..., Any], tenant: Tenant) -> AbstractContextManager[Context]:
    """The transaction that a call of this function would have."""
    return acting(record_of(handler), tenant)
