"""Say where a city ends, as GeoJSON; what lies outside is flagged."""

import orjson

from events.city import BoundarySet
from functions.city.boundaries.boundary import BODY_LIMIT, BoundaryIn, BoundaryInvalid, BoundaryOut
from functions.city.boundaries.geometry import checked, for_event, geojson, refuse_elsewhere, summary
from functions.city.boundaries.queries import REMOVE, SAVE
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.kit.ids import new_id


@http.put(
    "/api/cities/{city}/boundary",
    emits=[BoundarySet],
    raises=[NotFound, BoundaryInvalid],
    memory=512,
    body_limit=BODY_LIMIT,
)
@requires("cities:update")
def set_city_boundary(ctx: Context, city: CityName, boundary: BoundaryIn) -> BoundaryOut:
    row = enter_city(ctx, city)
    if boundary.geometry is None:
        ctx.sql.run(REMOVE, tenant=row.id)
        ctx.emit(BoundarySet(city_id=row.id, geometry=None))
        return BoundaryOut(city_id=row.id, polygons=0, positions=0, area=0)
    area = checked(boundary.geometry.polygons)
    refuse_elsewhere(area, row.lat, row.lon)
    ctx.sql.run(SAVE, id=new_id(), tenant=row.id, geometry=orjson.dumps(geojson(area)).decode(), now=ctx.now)
    ctx.emit(BoundarySet(city_id=row.id, geometry=for_event(area)))
    return summary(row.id, area)
