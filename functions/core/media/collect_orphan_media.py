"""Forget files that were announced and never came, and those that nothing has shown for a week; their storage
is free again.
"""

from datetime import timedelta

from events.platform import FilesAbandoned
from functions.core.media.queries import FORGET, HAVE_ORPHANS
from shared import quotas
from shared.db import relay_role
from shared.files import abandon_folders
from shared.function import Context, tick
from shared.tenancy import tenants

PATIENCE = timedelta(hours=1)  # the link to send a file to works for a quarter of it
UNUSED = timedelta(days=7)


@tick("13 * * * *", timeout=300, emits=[FilesAbandoned])
def collect_orphan_media(ctx: Context) -> None:
    ages = {"announced": ctx.now - PATIENCE, "unused": ctx.now - UNUSED}
    for [city_id] in relay_role.ask(ctx.record.database, HAVE_ORPHANS, **ages):
        if city := tenants.lookup(city_id):
            ctx.enter(city)
            forgotten = ctx.sql.run(FORGET, tenant=city.id, **ages)
            quotas.give_back(ctx, "storage_bytes", sum(size for _, size in forgotten))
            abandon_folders(ctx, *(f"media/{media_id}/" for media_id, _ in forgotten))
