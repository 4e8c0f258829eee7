"""What deleting an account means: nothing works from now on, and after 30 days nothing is left."""
from datetime import timedelta

from events.notification import NotificationRequested
from events.users import UserDeactivated
from functions.users.profiles.tables import Profile
from shared import tokens
from shared.context import Context
from shared.ids import new_id

GRACE = timedelta(days=30)


def delete(ctx: Context, profile: Profile) -> None:
    """End an account at once, and tell its owner by mail when it will be erased."""
    if not profile.delete(ctx.now):
        return
    tokens.bar(ctx.tenant.id, profile.id)   # before the commit: a token must not outlive it
    ctx.emit(UserDeactivated(user_id=profile.id))
    if profile.email:
        ctx.emit(NotificationRequested(
            notification_id=new_id(), channel="email", template="account_deleted", address=profile.email,
            language=profile.language, values={"city": ctx.tenant.name, "date": f"{ctx.now + GRACE:%Y-%m-%d}"}))
