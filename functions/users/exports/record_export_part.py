"""Note that a service has put its part of a person's export into the bucket."""

from events.privacy import ExportPart
from functions.users.exports.queries import RECORD
from shared.adapters import storage
from shared.function import Context, on


@on(ExportPart)
def record_export_part(ctx: Context, event: ExportPart) -> None:
    if event.user_id is None:
        return  # a part of a city, which the city service gathers
    if not ctx.sql.run(
        RECORD,
        tenant=ctx.tenant.id,
        export=event.export_id,
        person=event.user_id,
        service=event.service,
        key=event.key,
        rows=event.rows,
    ):
        with ctx.released():  # the person was erased meanwhile
            storage.delete(ctx.tenant.id, event.key)
