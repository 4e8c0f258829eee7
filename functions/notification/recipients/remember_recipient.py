"""Keep a new person's address and language, so that messages can reach them."""

from events.auth import UserCreated
from functions.notification.tables import Recipient
from shared.function import Context, on


@on(UserCreated)
def remember_recipient(ctx: Context, event: UserCreated) -> None:
    ctx.db.merge(
        Recipient(
            id=event.user_id,
            tenant_id=ctx.tenant.id,
            email=event.email,
            name=event.name,
            language=event.language,
            roles=event.roles,
        )
    )
