"""Ask again for the messages that have waited for the end of somebody's quiet hours."""

from events.notification import NotificationRequested
from shared import relay, tenants
from shared.function import Context, tick

WAITING = (
    "SELECT DISTINCT tenant_id::text FROM deliveries WHERE state = 'deferred' AND due_at <= :now ORDER BY 1"
)
TAKE = """DELETE FROM deliveries WHERE tenant_id = :tenant AND state = 'deferred' AND due_at <= :now
 RETURNING request"""


@tick("*/5 * * * *", emits=[NotificationRequested], timeout=120)
def send_deferred_messages(ctx: Context) -> None:
    for [city_id] in relay.ask(ctx.record.database, WAITING, now=ctx.now):
        city = tenants.lookup(city_id)
        if city and city.active:
            ctx.enter(city)
            for [request] in ctx.sql.run(TAKE, tenant=city.id, now=ctx.now):
                ctx.emit(NotificationRequested.model_validate(request))
