"""Keep a person's changed roles: they decide who hears of pending listings."""

from events.auth import RoleChanged
from functions.notification.recipients.recipient import known, said_at
from shared.function import Context, on


@on(RoleChanged)
def remember_roles(ctx: Context, event: RoleChanged) -> None:
    recipient = known(ctx, event.user_id)
    if recipient.is_news("roles_at", said_at(ctx)):
        recipient.roles = event.roles
