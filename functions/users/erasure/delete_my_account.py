"""Delete one's own account, shortly after having logged in: it ends at once, and is erased after 30 days."""
from datetime import timedelta

from events.notification import NotificationRequested
from events.users import UserDeactivated
from functions.users.erasure.deletion import delete
from functions.users.profiles.tables import Profile
from shared.errors import NotFound, Problem
from shared.function import Context, http, signed_in

FRESH = timedelta(minutes=15)


class LoginTooOld(Problem):
    status = 403
    message = "For this you must have logged in within the last {minutes} minutes. Please log in again first."


@http.delete("/api/users/me", at_home=True, in_person=True, before_terms=True, status=204,
             emits=[UserDeactivated, NotificationRequested], raises=[NotFound, LoginTooOld])
@signed_in
def delete_my_account(ctx: Context) -> None:
    if ctx.now.timestamp() - ctx.user.logged_in_at > FRESH.total_seconds():
        raise LoginTooOld(minutes=FRESH.seconds // 60)
    delete(ctx, ctx.db.get_or_404(Profile, ctx.user_id, lock=True))
