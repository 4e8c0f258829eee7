"""Read where a city ends, as a GeoJSON geometry."""

from functions.city.boundaries.boundary import Geometry
from functions.city.boundaries.queries import READ
from functions.city.cities.city import CityName
from functions.city.cities.directory import open_city
from shared.errors import NotFound
from shared.function import Context, Json, http


@http.get("/api/cities/{city}/boundary", public=True, cache=("cities",), tenantless=True, raises=[NotFound])
def get_city_boundary(ctx: Context, city: CityName) -> Json[Geometry]:
    tenant = open_city(ctx, city)
    found = ctx.sql.json_or_none(READ, tenant=tenant.id)
    if found is None:
        raise NotFound("Boundary", city)
    return found
