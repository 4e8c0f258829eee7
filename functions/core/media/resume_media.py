"""Have files processed whose event was lost, or that wait for the virus scanner."""

from datetime import timedelta
from uuid import UUID

from events.core import MediaUploaded
from functions.core.media.queries import AGAIN, HAVE_WAITING
from shared.db import relay_role
from shared.function import Context, tick
from shared.tenancy import tenants

PATIENCE = timedelta(minutes=5)


@tick("*/5 * * * *", timeout=60, emits=[MediaUploaded])
def resume_media(ctx: Context) -> None:
    ages = {"before": ctx.now - PATIENCE, "given_up": ctx.now - timedelta(days=1)}
    for [city_id] in relay_role.ask(ctx.record.database, HAVE_WAITING, **ages):
        if city := tenants.lookup(city_id):
            ctx.enter(city)
            for [media_id] in ctx.sql.run(AGAIN, tenant=city.id, now=ctx.now, **ages):
                ctx.emit(MediaUploaded(media_id=UUID(str(media_id))))
