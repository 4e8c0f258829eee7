"""Begin a profile for someone who has an account now, unless they have been erased since."""

from events.auth import UserCreated
from functions.users.profiles.queries import CREATE
from shared.function import Context, on


@on(UserCreated)
def create_profile(ctx: Context, event: UserCreated) -> None:
    said_at = ctx.event.time if ctx.event else ctx.now
    ctx.sql.run(
        CREATE,
        tenant=ctx.tenant.id,
        user=event.user_id,
        email=event.email,
        name=event.name,
        language=event.language,
        roles=event.roles,
        time=said_at,
    )
