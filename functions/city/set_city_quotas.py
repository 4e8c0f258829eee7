"""Set what a city may use; every function knows it at once."""

from functions.city.city import CityName
from functions.city.directory import enter_city
from functions.city.known import make_known
from functions.city.quotas import Quotas
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.put("/api/cities/{city}/quotas", tenantless=True, raises=[NotFound])
@requires("cities:create")
def set_city_quotas(ctx: Context, city: CityName, quotas: Quotas) -> Quotas:
    row = enter_city(ctx, city)
    row.quotas, row.updated_at = quotas.limits, ctx.now
    make_known(ctx, ctx.tenant)
    return quotas
