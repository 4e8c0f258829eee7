"""End the accounts of guests who have not been here for a year; every service then erases what it holds of
them.
"""

from events.privacy import UserDeleted
from functions.auth.guests.guest import KEPT_FOR
from functions.auth.guests.queries import END, IDLE
from shared.db.relay_role import ask
from shared.function import Context, tick
from shared.tenancy import tenants


@tick("41 * * * *", timeout=300, emits=[UserDeleted])
def expire_guests(ctx: Context) -> None:
    for tenant_id, account_id in ask(ctx.record.database, IDLE):
        city = tenants.lookup(str(tenant_id))
        if city is None:  # deleted meanwhile, with everything in it
            continue
        ctx.enter(city)
        if ctx.sql.run(END, tenant=city.id, account=account_id, before=ctx.now - KEPT_FOR, now=ctx.now):
            ctx.emit(UserDeleted(user_id=account_id))
