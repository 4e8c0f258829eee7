"""Which city a call is about, where the host name, the header and an access token are not all that says it."""

from uuid import UUID

from shared.context import Context
from shared.errors import CityPreparing
from shared.kit.forwarded import host_of
from shared.tenancy import tenants
from shared.tenancy.tenants import Tenant


def agreed_city(ctx: Context, named: UUID | str | None, *, everywhere: bool = False) -> Tenant:
    """The city that the call itself names; host name and header may name it too, and then must agree."""
    also = tenants.find(str(named).lower(), ctx.address).id if named else None
    host = host_of(ctx.request) if ctx.request else ""
    return tenants.resolve(host, header(ctx, "x-tenant-id"), also, everywhere=everywhere, asker=ctx.address)


def refuse_unopened(tenant: Tenant) -> None:
    """Citizens and guests come when the city is open; CityPreparing until then."""
    if tenant.preparing:
        raise CityPreparing


def header(ctx: Context, name: str) -> str:
    """A header of the request."""
    return ctx.request.header(name) if ctx.request else ""
