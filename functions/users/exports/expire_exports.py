"""Remove what was gathered for people seven days ago."""

from datetime import timedelta

from functions.users.exports.queries import EXPIRED
from functions.users.exports.tables import Export
from functions.users.files import remove_folder
from shared.context import acting
from shared.db import relay_role
from shared.function import Context, tick
from shared.tenancy import tenants

LIFE = timedelta(days=7)
FORGET = "DELETE FROM exports WHERE tenant_id = :tenant AND id = :id"


@tick("41 * * * *", timeout=300)
def expire_exports(ctx: Context) -> None:
    for tenant_id, export in relay_role.ask(ctx.record.database, EXPIRED, until=ctx.now - LIFE):
        if city := tenants.lookup(str(tenant_id)):
            remove_folder(city.id, Export(id=export).folder)
            # a store that hangs keeps nothing locked
            with acting(ctx.record, city, trace=ctx.trace, now=ctx.now) as own:
                own.sql.run(FORGET, tenant=city.id, id=export)
