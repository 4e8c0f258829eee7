"""Note that a service holds nothing of a city any more; after the last one its files go, and its row becomes a gravestone."""

from events.privacy import KEEPERS, CityErased
from functions.city.deletion.exporting import remove
from functions.city.known import make_known
from functions.city.queries import ERASED, TOMBSTONE
from shared.function import Context, on


@on(CityErased, timeout=300)
def record_city_erasure(ctx: Context, event: CityErased) -> None:
    found = ctx.sql.one(ERASED, id=ctx.tenant.id, service=event.service)
    if found and set(KEEPERS) <= set(found[0]):
        remove(ctx.tenant.id, "")
        ctx.sql.run(TOMBSTONE, id=ctx.tenant.id, now=ctx.now)
        make_known(ctx, ctx.tenant)
