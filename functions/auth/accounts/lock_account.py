"""Lock an account: nobody gets in with it any more, and whoever is in is out at the next call."""

from typing import Annotated
from uuid import UUID

from events.auth import AccountLocked
from events.notification import NotificationRequested
from functions.auth.account import RoleNotGrantable
from functions.auth.accounts.lock_rules import OwnAccount, lockable
from functions.auth.mails import letter
from functions.auth.sessions.termination import shut_out
from shared.errors import NotFound
from shared.function import Context, http, requires
from shared.schema import Schema, text


class Lock(Schema):
    """`reason` is told to the account's owner by mail, and not kept with it."""

    reason: Annotated[str, text(500)] = ""


@http.post(
    "/api/auth/users/{user_id}/lock",
    status=204,
    emits=[AccountLocked, NotificationRequested],
    raises=[NotFound, OwnAccount, RoleNotGrantable],
)
@requires("users:update")
def lock_account(ctx: Context, user_id: UUID, lock: Lock) -> None:
    account = lockable(ctx, user_id)
    if account.lock(ctx.now):
        ctx.emit(AccountLocked(user_id=account.id))
        if account.email:
            ctx.emit(letter(ctx, "account_locked", account.email, account.language, reason=lock.reason))
    shut_out(ctx, account.id)
