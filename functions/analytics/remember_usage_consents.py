"""Keep who has agreed that their use is counted; an older decision does not replace a newer one."""

from events.users import ConsentChanged
from functions.analytics.queries import REMEMBER
from shared.function import Context, on


@on(ConsentChanged)
def remember_usage_consents(ctx: Context, event: ConsentChanged) -> None:
    if event.purpose == "analytics":
        said_at = ctx.event.time if ctx.event else ctx.now
        ctx.sql.run(
            REMEMBER,
            tenant=ctx.tenant.id,
            user=event.user_id,
            granted=event.granted,
            at=event.decided_at or said_at,
        )
