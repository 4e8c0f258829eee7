"""Keep a person's changed roles: they decide who hears of pending listings."""
from events.auth import RoleChanged
from functions.notification.tables import Recipient
from shared.errors import Unavailable
from shared.function import Context, on


@on(RoleChanged)
def remember_roles(ctx: Context, event: RoleChanged) -> None:
    recipient = ctx.db.get(Recipient, event.user_id)
    if recipient is None:  # `user.created` is still on its way
        raise Unavailable(dependency="user.created")
    recipient.roles = event.roles
