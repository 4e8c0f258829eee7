"""About whom an administrator may decide: about others, and about nobody whose role stands above their own."""

from uuid import UUID

from functions.users.people.person import OwnAccount, PersonIsDeleted, RankTooHigh
from functions.users.profiles.profile import State
from functions.users.profiles.tables import Profile, highest
from shared.context import Context


def subordinate(ctx: Context, user_id: UUID) -> Profile:
    """The person, held until the transaction ends; OwnAccount, RankTooHigh."""
    if user_id == ctx.user_id:
        raise OwnAccount
    profile = ctx.db.get_or_404(Profile, user_id, lock=True)
    if profile.rank > highest(ctx.user.roles):
        raise RankTooHigh
    return profile


def living(ctx: Context, user_id: UUID) -> Profile:
    """As `subordinate`; PersonIsDeleted after the end."""
    profile = subordinate(ctx, user_id)
    if profile.state == State.DELETED:
        raise PersonIsDeleted
    return profile
