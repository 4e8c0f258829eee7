"""Whom one may lock out or let in again."""

from uuid import UUID

from functions.auth.account import refuse_to_grant
from functions.auth.tables import Account
from shared.context import Context
from shared.errors import Conflict


class OwnAccount(Conflict):
    message = "Nobody locks or unlocks their own account. Ask another administrator."


def lockable(ctx: Context, user_id: UUID) -> Account:
    """The account, held until the transaction ends; refused where it is one's own or has a role above one's own."""
    if user_id == ctx.user_id:
        raise OwnAccount
    account = ctx.db.get_or_404(Account, user_id, lock=True)
    refuse_to_grant(ctx, account.roles)
    return account
