"""Note that a service holds nothing of a city any more; after the last one its files go, and its row becomes
a gravestone.
"""

from events.privacy import CityErased
from functions.city.cities.change_notice import make_known
from functions.city.cities.queries import ERASED, TOMBSTONE
from functions.city.deletion.export import remove
from shared.context import acting
from shared.function import Context, on
from shared.kit.keepers import KEEPERS


@on(CityErased, timeout=300)
def record_city_erasure(ctx: Context, event: CityErased) -> None:
    with ctx.released():
        is_last = noted(ctx, event.service)
        if is_last:
            remove(ctx.tenant.id, "")
    if is_last:
        ctx.sql.run(TOMBSTONE, id=ctx.tenant.id, now=ctx.now)
        make_known(ctx, ctx.tenant)


def noted(ctx: Context, service: str) -> bool:
    """Whether all are done with this one, noted in a transaction of its own: twice is once, and files go
    while none is open.
    """
    with acting(ctx.record, ctx.tenant, trace=ctx.trace, event=ctx.event, now=ctx.now) as own:
        found = own.sql.one(ERASED, id=ctx.tenant.id, service=service)
    return bool(found and set(KEEPERS) <= set(found[0]))
