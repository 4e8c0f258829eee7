"""Begin a profile for someone who has an account now."""
from events.auth import UserCreated
from functions.users.profiles.queries import CREATE
from shared.function import Context, on


@on(UserCreated)
def create_profile(ctx: Context, event: UserCreated) -> None:
    ctx.sql.run(CREATE, tenant=ctx.tenant.id, user=event.user_id, email=event.email, name=event.name, language=event.language)
