"""Have a deleted city erased once more, where a service has not confirmed it within a day."""

import logging
from datetime import timedelta

from events.privacy import CityDeleted
from functions.city.cities.queries import REMIND, UNERASED
from shared.function import Context, tick
from shared.kit.keepers import KEEPERS
from shared.tenancy.tenants import Tenant

PATIENCE = timedelta(days=1)
log = logging.getLogger("heidi.erasure")


@tick("19 * * * *", emits=[CityDeleted], timeout=60)
def erase_deleted_cities(ctx: Context) -> None:
    until = ctx.now - PATIENCE
    for [found] in ctx.sql.run(UNERASED, until=until):
        city = Tenant.model_validate_json(found)
        ctx.enter(city)
        for [confirmed] in ctx.sql.run(REMIND, id=city.id, now=ctx.now, until=until):
            missing = sorted({*KEEPERS}.difference(confirmed))
            log.error(
                "the erasure of a city is not confirmed",
                extra={"context": {"cityId": str(city.id), "missing": missing}},
            )
            ctx.emit(CityDeleted(city_id=city.id, slug=city.slug))
