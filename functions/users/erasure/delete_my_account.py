"""Delete one's own account, shortly after having logged in: it ends at once, and is erased after 30 days."""

from events.notification import NotificationRequested
from events.users import UserDeactivated
from functions.users.erasure.deletion import delete
from functions.users.profiles.tables import Profile
from shared.auth.last_admin import LastAdmin
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.delete(
    "/api/users/me",
    home_tenant=True,
    in_person=True,
    fresh_login=True,
    exempt_from_terms=True,
    status=204,
    emits=[UserDeactivated, NotificationRequested],
    raises=[NotFound, LastAdmin],
)
@signed_in
def delete_my_account(ctx: Context) -> None:
    delete(ctx, ctx.db.get_or_404(Profile, ctx.user_id, lock=True))
