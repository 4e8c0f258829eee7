"""Unlock an account; its person logs in as before, unless the account is inactive too."""

from functools import partial
from uuid import UUID

from events.auth import AccountUnlocked
from functions.auth.account import RoleNotGrantable, State
from functions.auth.accounts.locking import OwnAccount, lockable
from shared import tokens
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/auth/users/{user_id}/unlock",
    status=204,
    emits=[AccountUnlocked],
    raises=[NotFound, OwnAccount, RoleNotGrantable],
)
@requires("users:update")
def unlock_account(ctx: Context, user_id: UUID) -> None:
    account = lockable(ctx, user_id)
    if account.unlock(ctx.now):
        ctx.emit(AccountUnlocked(user_id=account.id))
    if account.state == State.ACTIVE:
        ctx.after_commit(partial(tokens.unbar, ctx.tenant.id, account.id))
