"""Onboard a city: one call leaves a working tenant, whose first admin is invited."""

from events.city import CityOnboarded
from functions.city.cities.city import CityExists, CityIn, CityOut
from functions.city.cities.new_city import found_city
from shared.function import Context, Json, http, requires
from shared.kit.contrast import ContrastTooLow


@http.post(
    "/api/cities", status=201, tenantless=True, emits=[CityOnboarded], raises=[CityExists, ContrastTooLow]
)
@requires("cities:create")
def onboard_city(ctx: Context, city: CityIn) -> Json[CityOut]:
    city.theme.check()
    return found_city(ctx, city)
