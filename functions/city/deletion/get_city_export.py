"""Read how far a city's export is, and where its files are."""

from sqlalchemy import select

from functions.city.cities.city import CityName
from functions.city.cities.directory import visit_city
from functions.city.deletion.export import ExportOut, shown
from functions.city.deletion.tables import Export
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.get("/api/cities/{city}/export", tenantless=True, in_person=True, raises=[NotFound])
@requires("cities:delete")
def get_city_export(ctx: Context, city: CityName) -> ExportOut:
    visit_city(ctx, city)
    export = ctx.db.scalar(select(Export))
    if export is None:
        raise NotFound("Export", city)
    with ctx.released():
        return shown(export)
