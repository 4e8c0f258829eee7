"""Set what a city may use; every function knows it at once."""

from functions.city.cities.change_notice import make_known
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from functions.city.usage.quotas import Quotas
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.put("/api/cities/{city}/quotas", tenantless=True, raises=[NotFound])
@requires("cities:create")
def set_city_quotas(ctx: Context, city: CityName, quotas: Quotas) -> Quotas:
    row = enter_city(ctx, city)
    row.quotas, row.updated_at = quotas.limits, ctx.now
    make_known(ctx, ctx.tenant)
    return quotas
