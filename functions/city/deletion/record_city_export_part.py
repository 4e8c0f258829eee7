"""Note a service's part of a city's export; the last one completes it."""
from events.privacy import ExportPart
from functions.city.deletion.exporting import write_manifest
from functions.city.deletion.tables import Export
from shared.function import Context, on


@on(ExportPart, memory=512, timeout=300)
def record_city_export_part(ctx: Context, event: ExportPart) -> None:
    export = None if event.user_id else ctx.db.get(Export, event.export_id, with_for_update=True)
    if export is None:
        return  # a person's, or one whose place another has taken
    export.take(event.service, event.rows)
    if not export.missing and export.completed_at is None:
        write_manifest(export)
        export.completed_at = ctx.now
