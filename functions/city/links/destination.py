"""Where the links of a city lead."""

from uuid import UUID

from shared.context import Context
from shared.tenancy import tenants
from shared.tenancy.app_links import Thing, page_of
from shared.tenancy.tenants import Tenant

# the web app that was registered first; what came later are trials, until that one is revoked
WEB_APP = """SELECT origins[1] FROM apps WHERE tenant_id = :tenant AND platform = 'web' AND revoked_at IS NULL
 AND cardinality(origins) > 0 ORDER BY created_at, id LIMIT 1"""


def city_of(ctx: Context) -> Tenant:
    """Whose link it is, by its host; UnknownTenant or TenantInactive."""
    request = ctx.request
    host, header = (request.header("host"), request.header("x-tenant-id")) if request else ("", "")
    return tenants.resolve(host, header, None, everywhere=False, asker=ctx.address)


def destination(ctx: Context, thing: Thing, thing_id: UUID) -> str:
    """The address of the page that shows it; empty where there is none."""
    place, path = page_of(thing, thing_id)
    if place == "console":
        console = ctx.settings.console_url
        return f"{console.rstrip('/')}/c/{ctx.tenant.slug}/{path}" if console else ""
    found = ctx.sql.one(WEB_APP, tenant=ctx.tenant.id)
    return f"{found[0]}/{path}" if found else ""
