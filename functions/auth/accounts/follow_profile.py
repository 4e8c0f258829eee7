"""Keep an account's name and language as its owner's profile has them."""

from events.users import UserUpdated
from shared.function import Context, on

FOLLOW = """UPDATE accounts SET name = :name, language = :language, profile_at = :time
 WHERE tenant_id = :tenant AND id = :user AND (profile_at IS NULL OR profile_at < :time)"""


@on(UserUpdated)
def follow_profile(ctx: Context, event: UserUpdated) -> None:
    said_at = ctx.event.time if ctx.event else ctx.now  # an older event may arrive after a newer one
    ctx.sql.run(
        FOLLOW,
        tenant=ctx.tenant.id,
        user=event.user_id,
        name=event.name,
        language=event.language,
        time=said_at,
    )
