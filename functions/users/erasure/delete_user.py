"""Delete somebody's account: they are shut out at once, and erased after 30 days unless they are restored."""

from uuid import UUID

from events.notification import NotificationRequested
from events.users import UserDeactivated
from functions.users.erasure.deletion import delete
from functions.users.people.authority import subordinate
from functions.users.people.person import OwnAccount, RankTooHigh
from shared.auth.last_admin import LastAdmin
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.delete(
    "/api/users/{user_id}",
    status=204,
    emits=[UserDeactivated, NotificationRequested],
    raises=[NotFound, OwnAccount, RankTooHigh, LastAdmin],
)
@requires("users:delete")
def delete_user(ctx: Context, user_id: UUID) -> None:
    delete(ctx, subordinate(ctx, user_id))
