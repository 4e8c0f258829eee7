"""Have every service hand out what it holds of a city."""

from sqlalchemy import select

from events.platform import FilesAbandoned
from events.privacy import ExportRequested
from functions.city.cities.city import CityName
from functions.city.cities.directory import enter_city
from functions.city.deletion.export import ExportOut, shown
from functions.city.deletion.tables import Export
from shared.errors import NotFound
from shared.files import abandon_folders
from shared.function import Context, http, requires
from shared.kit.ids import new_id


@http.post(
    "/api/cities/{city}/export",
    status=202,
    tenantless=True,
    in_person=True,
    raises=[NotFound],
    emits=[ExportRequested, FilesAbandoned],
)
@requires("cities:delete")
def export_city(ctx: Context, city: CityName) -> ExportOut:
    enter_city(ctx, city)
    forget_earlier(ctx)
    export = Export(id=new_id(), parts={}, completed_at=None, created_at=ctx.now)
    ctx.db.add(export)
    ctx.emit(ExportRequested(export_id=export.id))
    return shown(export)


def forget_earlier(ctx: Context) -> None:
    """Drop the export before this one, and its files."""
    earlier = ctx.db.scalar(select(Export))
    if earlier:
        ctx.db.delete(earlier)
        ctx.db.flush()
        abandon_folders(ctx, earlier.folder)
