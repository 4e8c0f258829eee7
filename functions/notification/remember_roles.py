"""Keep a person's changed roles: they decide who hears of pending listings."""
from events.auth import RoleChanged
from functions.notification.known import known
from shared.function import Context, on


@on(RoleChanged)
def remember_roles(ctx: Context, event: RoleChanged) -> None:
    known(ctx, event.user_id).roles = event.roles
