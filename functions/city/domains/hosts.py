"""The registry's own note of which host names lead to a city."""

from functools import partial

from functions.city.cities.change_notice import make_known
from functions.city.cities.queries import HOSTS
from shared.context import Context
from shared.tenancy import tenants


def note_hosts(ctx: Context, *changed: str) -> None:
    """Let the city be found by all the names that it has proven by now; functions forget what they knew after
    the commit.
    """
    ctx.db.flush()
    ctx.sql.run(HOSTS, tenant=ctx.tenant.id)
    make_known(ctx, ctx.tenant)
    for name in changed:
        ctx.after_commit(partial(tenants.forget_name, name))
