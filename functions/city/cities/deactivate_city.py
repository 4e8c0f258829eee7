"""Switch a city off: within seconds its calls answer 403 TENANT_INACTIVE."""

from events.city import CityDeactivated
from functions.city.cities.change_notice import make_known
from functions.city.cities.city import CityName, CityOut
from functions.city.cities.directory import enter_city
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post("/api/cities/{city}/deactivate", tenantless=True, emits=[CityDeactivated], raises=[NotFound])
@requires("cities:activate")
def deactivate_city(ctx: Context, city: CityName) -> CityOut:
    row = enter_city(ctx, city)
    if row.active:
        row.switch(on=False, at=ctx.now)
        make_known(ctx, ctx.tenant)
        ctx.emit(CityDeactivated(city_id=row.id, slug=row.slug))
    return CityOut.model_validate(row)
