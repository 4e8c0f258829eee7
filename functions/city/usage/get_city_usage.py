"""Read what a city uses and may use; what a service does not tell is null, and the service is named."""

from functions.city.cities.city import CityName
from functions.city.cities.directory import visit_city
from functions.city.usage.usage import UsageOut, gathered
from shared import quotas
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.get("/api/cities/{city}/usage", raises=[NotFound])
@requires("cities:read")
def get_city_usage(ctx: Context, city: CityName) -> UsageOut:
    tenant = visit_city(ctx, city)
    return gathered(tenant, quotas.used(ctx), month=f"{ctx.now:%Y-%m}")
