"""Find the tenant behind a host name, a slug or an id; every function asks this when it does not know a city yet."""
from typing import Annotated

from pydantic import Field

from functions.city.city import named
from functions.city.queries import TENANT
from shared.errors import NotFound
from shared.function import Context, Json, http
from shared.tenants import Tenant, slug_of_host

Host = Annotated[str, Field(pattern=r"^[0-9A-Za-z.:-]{1,260}$", description="host name with or without port, slug, or id")]


@http.get("/api/cities/resolve", public=True, tenantless=True, raises=[NotFound], min_scale=1)
def resolve_city(ctx: Context, host: Host) -> Json[Tenant]:
    found = ctx.sql.json_or_none(TENANT, **named(slug_of_host(host) or host))
    if found is None:
        raise NotFound("City", host)
    return found
