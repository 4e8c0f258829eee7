"""Say what functions must know of a tenant, also of one that is gone; each asks this when it does not know a
city yet.
"""

from functions.city.cities.city import TenantName, any_named
from functions.city.cities.queries import TENANT
from shared.errors import NotFound
from shared.function import Context, Json, http
from shared.tenancy.tenants import Tenant


@http.get("/api/internal/city/tenant", internal=True, tenantless=True, raises=[NotFound], min_scale=1)
def find_tenant(ctx: Context, name: TenantName) -> Json[Tenant]:
    found = ctx.sql.json_or_none(TENANT, **any_named(name))
    if found is None:
        raise NotFound("City", name)
    return found
