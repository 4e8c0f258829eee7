"""Read one city, by its slug or its id, as long as it is not switched off; while it prepares, only by its
staff.
"""

from functions.city.cities.city import CityName, CityOut, named
from functions.city.cities.directory import insider
from functions.city.cities.queries import ONE
from shared.errors import NotFound
from shared.function import Context, Json, http


@http.get(
    "/api/cities/{city}", public=True, cache=("cities",), tenantless=True, raises=[NotFound], versioned=True
)
def get_city(ctx: Context, city: CityName) -> Json[CityOut]:
    found = ctx.sql.json_or_none(ONE, **named(city), **insider(ctx.user))
    if found is None:
        raise NotFound("City", city)
    return found
