"""Onboard a city with another's languages, modules, colours and quotas; never its people or its content."""

from events.city import CityOnboarded
from functions.city.cities.city import CityExists, CityName, CityOut
from functions.city.cities.clone import CloneIn, read_source
from functions.city.cities.new_city import found_city
from shared.errors import NotFound
from shared.function import Context, Json, http, requires


@http.post(
    "/api/cities/{city}/clone",
    status=201,
    tenantless=True,
    emits=[CityOnboarded],
    raises=[NotFound, CityExists],
)
@requires("cities:create")
def clone_city(ctx: Context, city: CityName, clone: CloneIn) -> Json[CityOut]:
    source_id, facts = read_source(ctx, city)
    return found_city(ctx, clone.city_with(facts), cloned_from_id=source_id)
