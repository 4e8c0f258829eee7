"""Finding a city, and going into it to read or to change it."""

from functions.city.city import named
from functions.city.queries import LIVING, LOCK
from functions.city.tables import City
from shared.context import Context
from shared.errors import NotFound, TenantInactive
from shared.tenants import Tenant


def enter_city(ctx: Context, name: str) -> City:
    """The city's row, locked, with the rest of the invocation acting in that city."""
    tenant = visit_city(ctx, name)
    ctx.sql.run(LOCK, id=tenant.id)  # takes the tenant setting along, which the ORM's statements do not
    row = ctx.db.get_or_404(City, tenant.id)
    if row.deleted_at:  # while we waited for the lock
        raise NotFound("City", name)
    return row


def visit_city(ctx: Context, name: str) -> Tenant:
    """The city, with the rest of the invocation acting in it.

    A caller whose scope is all tenants may go into any city, the others only into their own: a foreign one is NotFound.
    """
    tenant = find_city(ctx, name)
    if tenant.id != ctx.user.tenant_id and not ctx.user.everywhere:
        raise NotFound("City", name)
    if not (tenant.active or ctx.user.everywhere):
        raise TenantInactive
    ctx.enter(tenant)
    return tenant


def open_city(ctx: Context, name: str) -> Tenant:
    """As `visit_city`, for everyone who reads what a city publishes; one that is switched off is NotFound."""
    tenant = find_city(ctx, name)
    if not tenant.active:
        raise NotFound("City", name)
    ctx.enter(tenant)
    return tenant


def find_city(ctx: Context, name: str) -> Tenant:
    """The city by its slug or its id; NotFound where there is none, or none any more."""
    found = ctx.sql.one(LIVING, **named(name))
    if found is None:
        raise NotFound("City", name)
    return Tenant.model_validate_json(found[0])
