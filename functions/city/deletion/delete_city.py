"""Delete a city that is switched off and exported: every service erases its part; nobody ever gets its name."""

from sqlalchemy import select

from events.privacy import CityDeleted
from functions.city.cities.change_notice import make_known
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from functions.city.deletion.export import CityActive, CityNotExported
from functions.city.deletion.tables import Export
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.delete(
    "/api/cities/{city}",
    status=204,
    tenantless=True,
    in_person=True,
    emits=[CityDeleted],
    raises=[NotFound, CityActive, CityNotExported],
)
@requires("cities:delete")
def delete_city(ctx: Context, city: CityName) -> None:
    row = enter_city(ctx, city)
    if row.active or row.deactivated_at is None:
        raise CityActive
    since = select(Export.id).where(Export.completed_at.is_not(None), Export.created_at > row.deactivated_at)
    if ctx.db.scalar(since) is None:
        raise CityNotExported
    row.deleted_at = row.updated_at = ctx.now
    make_known(ctx, ctx.tenant)
    ctx.emit(CityDeleted(city_id=row.id, slug=row.slug))
