"""Note a service's part of a city's export; the last one completes it."""

from events.privacy import ExportPart
from functions.city.deletion.exporting import remove, write_manifest
from functions.city.deletion.tables import Export
from shared.function import Context, on


@on(ExportPart, memory=512, timeout=300)
def record_city_export_part(ctx: Context, event: ExportPart) -> None:
    if event.user_id:
        return  # a person's, which the users service gathers
    export = ctx.db.get(Export, event.export_id, with_for_update=True)
    if export is None:
        remove(
            ctx.tenant.id, Export(id=event.export_id).folder
        )  # another has taken its place, or the city is gone
        return
    export.take(event.service, event.rows)
    if not export.missing and export.completed_at is None:
        write_manifest(export)
        export.completed_at = ctx.now
