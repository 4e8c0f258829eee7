"""Making a change to a city known to every function."""

from contextlib import suppress

from shared.context import Context
from shared.errors import Unavailable
from shared.tenancy import tenants
from shared.tenancy.tenants import Tenant


def make_known(ctx: Context, tenant: Tenant) -> None:
    """Let every function forget after the commit what it knew of the city, and what it answered about it;
    without Redis they do within a minute.
    """

    def forget() -> None:
        with suppress(Unavailable):
            tenants.forget(tenant)

    ctx.after_commit(forget)
    ctx.drop("cities")
