"""Unlock an account; its person logs in as before, unless the account is inactive too."""

from uuid import UUID

from events.auth import AccountUnlocked
from functions.auth.account import RoleNotGrantable
from functions.auth.accounts.lock_rules import OwnAccount, let_in_now, lockable
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
    # what fails there, follow_deactivation makes good
    ctx.after_commit(lambda: let_in_now(ctx.record, ctx.tenant, user_id))
