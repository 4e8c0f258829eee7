"""Remove what was gathered of a city thirty days ago, files included."""

from datetime import timedelta

from functions.city.cities.queries import EXPIRED, FORGET_EXPORT
from functions.city.deletion.export import remove
from functions.city.deletion.tables import Export
from shared.context import acting
from shared.db import relay_role
from shared.function import Context, tick
from shared.tenancy import tenants

LIFE = timedelta(days=30)


@tick("47 * * * *", timeout=300)
def expire_city_exports(ctx: Context) -> None:
    for tenant_id, export_id in relay_role.ask(ctx.record.database, EXPIRED, until=ctx.now - LIFE):
        if city := tenants.lookup(str(tenant_id)):
            remove(city.id, Export(id=export_id).folder)
            # a store that hangs keeps nothing locked
            with acting(ctx.record, city, trace=ctx.trace, now=ctx.now) as own:
                own.sql.run(FORGET_EXPORT, tenant=city.id, id=export_id)
