"""Give a guest's profile the address and the name that they have now."""

from events.auth import GuestConverted
from functions.users.profiles.queries import COMPLETE, ERASED
from shared.errors import Unavailable
from shared.function import Context, on


@on(GuestConverted)
def complete_profile(ctx: Context, event: GuestConverted) -> None:
    person = {"tenant": ctx.tenant.id, "user": event.user_id}
    facts = {"email": event.email, "name": event.name, "language": event.language, "now": ctx.now}
    if not ctx.sql.run(COMPLETE, **person, **facts) and not ctx.sql.run(ERASED, **person):
        raise Unavailable(dependency="user.created")  # which is still on its way
