"""Finding a city, and going into it to read or to change it."""

from functions.city.cities.city import named
from functions.city.cities.queries import LIVING, LOCK
from functions.city.cities.tables import City
from shared.auth.tokens import Principal
from shared.context import Context
from shared.errors import NotFound, TenantInactive
from shared.tenancy.tenants import Tenant


def enter_city(ctx: Context, name: str) -> City:
    """The city's row, locked, with the rest of the invocation acting in that city."""
    visit_city(ctx, name)
    return hold_city(ctx, name)


def hold_city(ctx: Context, name: str) -> City:
    """The row of the city that was gone into, locked."""
    ctx.sql.run(LOCK, id=ctx.tenant.id)
    row = ctx.db.get_or_404(City, ctx.tenant.id)
    if row.deleted_at:  # while we waited for the lock
        raise NotFound("City", name)
    return row


def visit_city(ctx: Context, name: str) -> Tenant:
    """The city, with the rest of the invocation acting in it.

    A caller whose scope is all tenants may go into any city, the others only into their own: a foreign one is
    NotFound.
    """
    tenant = find_city(ctx, name)
    if tenant.id != ctx.user.tenant_id and not ctx.user.everywhere:
        raise NotFound("City", name)
    if not (tenant.active or ctx.user.everywhere):
        raise TenantInactive
    ctx.enter(tenant)
    return tenant


def open_city(ctx: Context, name: str) -> Tenant:
    """As `visit_city`, for everyone who reads what a city publishes; one that is switched off, or prepares,
    is NotFound.
    """
    tenant = find_city(ctx, name)
    if not tenant.active or (tenant.preparing and not ctx.user.works_for(tenant.id)):
        raise NotFound("City", name)
    ctx.enter(tenant)
    return tenant


def insider(caller: Principal) -> dict[str, object]:
    """The parameters of a query that shows a city that prepares to its own staff, and to the platform's."""
    return {"everywhere": caller.everywhere, "home": caller.tenant_id if caller.is_staff else None}


def find_city(ctx: Context, name: str) -> Tenant:
    """The city by its slug or its id; NotFound where there is none, or none any more."""
    found = ctx.sql.one(LIVING, **named(name))
    if found is None:
        raise NotFound("City", name)
    return Tenant.model_validate_json(found[0])
