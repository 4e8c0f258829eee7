"""Keep a copy of a person's roles: they decide who may change whom."""

from events.auth import RoleChanged
from functions.users.profiles.queries import ERASED, FOLLOW_ROLES
from shared.errors import Unavailable
from shared.function import Context, on


@on(RoleChanged)
def follow_roles(ctx: Context, event: RoleChanged) -> None:
    person = {"tenant": ctx.tenant.id, "user": event.user_id}
    said_at = ctx.event.time if ctx.event else ctx.now  # an older event may arrive after a newer one
    if not ctx.sql.run(FOLLOW_ROLES, roles=event.roles, time=said_at, **person) and not ctx.sql.run(
        ERASED, **person
    ):
        raise Unavailable(dependency="user.created")  # which is still on its way
