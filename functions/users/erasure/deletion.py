"""What deleting an account means: nothing works from now on, and after 30 days nothing is left."""

from datetime import timedelta

from events.notification import NotificationRequested
from events.users import UserDeactivated
from functions.users.erasure.tables import Erasure
from functions.users.people.last_admin import keep_one
from functions.users.people.person import ErasureBegun
from functions.users.profiles.profile import State
from functions.users.profiles.tables import Profile
from shared.auth import tokens
from shared.context import Context
from shared.kit.ids import new_id

GRACE = timedelta(days=30)


def delete(ctx: Context, profile: Profile) -> None:
    """End an account at once, and tell its owner by mail when it will be erased; LastAdmin where it is
    needed.
    """
    if profile.state == State.DELETED:
        return
    keep_one(ctx, profile)
    profile.delete(ctx.now)
    tokens.bar(ctx.tenant.id, profile.id)  # before the commit: a token must not outlive it
    ctx.emit(UserDeactivated(user_id=profile.id))
    if profile.email:
        ctx.emit(
            NotificationRequested(
                notification_id=new_id(),
                channel="email",
                template="account_deleted",
                address=profile.email,
                language=profile.language,
                values={"city": ctx.tenant.name, "date": f"{ctx.now + GRACE:%Y-%m-%d}"},
            )
        )


def refuse_erasing(ctx: Context, profile: Profile) -> None:
    """ErasureBegun when the time is up, or the services have been told already."""
    is_over = profile.deleted_at is not None and profile.deleted_at <= ctx.now - GRACE
    if is_over or ctx.db.get(Erasure, profile.id) is not None:
        raise ErasureBegun
