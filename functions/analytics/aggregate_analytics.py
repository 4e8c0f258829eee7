"""Count each day's use in every city: how often what happened, and with how many visitors."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from functions.analytics.queries import ACTIVE, AGGREGATE
from shared.db.relay_role import ask
from shared.function import Context, tick
from shared.tenancy import tenants

DAYS = 8  # events may come a week late; the day in which a week ago lies begins before that


@tick("17 * * * *", timeout=600)
def aggregate_analytics(ctx: Context) -> None:
    for [city_id] in ask(ctx.record.database, ACTIVE, since=ctx.now - timedelta(days=DAYS + 1)):
        if city := tenants.lookup(str(city_id)):
            ctx.enter(city)
            today = ctx.now.astimezone(ZoneInfo(city.time_zone)).date()
            for back in range(DAYS, -1, -1):
                day = today - timedelta(days=back)
                ctx.sql.run(AGGREGATE, tenant=city.id, zone=city.time_zone, day=day)
