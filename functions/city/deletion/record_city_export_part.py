"""Note a service's part of a city's export; the last one completes it."""

from events.privacy import ExportPart
from functions.city.deletion.export import remove, write_manifest
from functions.city.deletion.tables import Export
from shared.context import acting
from shared.function import Context, on


@on(ExportPart, memory=512, timeout=300)
def record_city_export_part(ctx: Context, event: ExportPart) -> None:
    if event.user_id:
        return  # a person's, which the users service gathers
    with ctx.released():
        export = noted(ctx, event)
        if export is None:
            # another has taken its place, or the city is gone
            remove(ctx.tenant.id, Export(id=event.export_id).folder)
            return
        if export.missing or export.completed_at:
            return
        write_manifest(export)
    row = ctx.db.get(Export, event.export_id, with_for_update=True)
    if row and row.completed_at is None:
        row.completed_at = ctx.now


def noted(ctx: Context, event: ExportPart) -> Export | None:
    """The export with this part, noted in a transaction of its own: twice is once, and the store is asked
    while none is open.
    """
    with acting(ctx.record, ctx.tenant, trace=ctx.trace, event=ctx.event, now=ctx.now) as own:
        export = own.db.get(Export, event.export_id, with_for_update=True)
        if export:
            export.take(event.service, event.rows)
    return export
