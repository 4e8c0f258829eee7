"""Forget files that were announced and never completed; the storage that was reserved for them is free again."""

from datetime import timedelta

from shared import quotas, relay, storage, tenants
from shared.function import Context, tick

PATIENCE = timedelta(hours=1)  # the link to send a file to works for a quarter of it
WAITING = (
    "SELECT DISTINCT tenant_id::text FROM media WHERE state = 'requested' AND created_at < :before ORDER BY 1"
)
FORGET = "DELETE FROM media WHERE tenant_id = :tenant AND state = 'requested' AND created_at < :before RETURNING key, size"


@tick("13 * * * *", timeout=300)
def collect_orphan_media(ctx: Context) -> None:
    before = ctx.now - PATIENCE
    for [city_id] in relay.ask(ctx.record.database, WAITING, before=before):
        if city := tenants.lookup(city_id):
            ctx.enter(city)
            forgotten = ctx.sql.run(FORGET, tenant=city.id, before=before)
            quotas.give_back(ctx, "storage_bytes", sum(size for _, size in forgotten))
            for key, _ in forgotten:
                storage.delete(city.id, key)
