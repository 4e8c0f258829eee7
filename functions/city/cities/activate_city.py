"""Switch a city on again."""

from events.city import CityActivated
from functions.city.cities.change_notice import make_known
from functions.city.cities.city import CityName, CityOut
from functions.city.cities.directory import enter_city
from functions.city.legal.legal_text import CityLacksImprint
from functions.city.legal.queries import HAS_IMPRINT
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/cities/{city}/activate", tenantless=True, emits=[CityActivated], raises=[NotFound, CityLacksImprint]
)
@requires("cities:activate")
def activate_city(ctx: Context, city: CityName) -> CityOut:
    row = enter_city(ctx, city)
    if not row.active:
        if not ctx.sql.run(HAS_IMPRINT, tenant=row.id, language=row.languages[0]):
            raise CityLacksImprint(language=row.languages[0])
        row.switch(on=True, at=ctx.now)
        make_known(ctx, ctx.tenant)
        ctx.emit(CityActivated(city_id=row.id, slug=row.slug))
    return CityOut.model_validate(row)
