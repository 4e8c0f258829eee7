"""Going into a city to change it."""
from functions.city.city import named
from functions.city.queries import LOCK, TENANT
from functions.city.tables import City
from shared.context import Context
from shared.errors import NotFound
from shared.tenants import Tenant


def enter_city(ctx: Context, name: str) -> City:
    """The city's row, locked, with the rest of the invocation acting in that city.

    A caller whose scope is all tenants may enter any city, the others only their own: a foreign one is NotFound.
    """
    found = ctx.sql.one(TENANT, **named(name))
    tenant = Tenant.model_validate_json(found[0]) if found else None
    if tenant is None or (tenant.id != ctx.user.tenant_id and not ctx.user.everywhere):
        raise NotFound("City", name)
    ctx.enter(tenant)
    ctx.sql.run(LOCK, id=tenant.id)  # takes the tenant setting along, which the ORM's statements do not
    return ctx.db.get_or_404(City, tenant.id)
