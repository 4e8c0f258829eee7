"""Let nobody in with a deactivated account, until it is reactivated; one that is locked as well stays locked
then.

Whoever is let in again, unlocked ones too, is so at last by this: where Redis is away, the event comes again.
"""

from events.auth import AccountUnlocked
from events.users import UserDeactivated, UserReactivated
from functions.auth.account import State
from functions.auth.accounts.lock_rules import let_in
from functions.auth.sessions.termination import shut_out
from shared.auth import tokens
from shared.function import Context, on

FOLLOW = """UPDATE accounts SET activity_at = :time, updated_at = :now,
  state = CASE WHEN NOT CAST(:active AS boolean) THEN 'inactive' WHEN locked_at IS NULL THEN 'active' ELSE 'locked' END
 WHERE tenant_id = :tenant AND id = :user AND (activity_at IS NULL OR activity_at < :time) RETURNING state"""


@on(UserDeactivated, UserReactivated, AccountUnlocked)
def follow_deactivation(ctx: Context, event: UserDeactivated | UserReactivated | AccountUnlocked) -> None:
    if isinstance(event, AccountUnlocked):
        let_in(ctx, event.user_id)
        return
    said_at = ctx.event.time if ctx.event else ctx.now  # an older event may arrive after a newer one
    state = ctx.sql.one(
        FOLLOW,
        tenant=ctx.tenant.id,
        user=event.user_id,
        active=isinstance(event, UserReactivated),
        time=said_at,
        now=ctx.now,
    )
    if state == [State.INACTIVE]:
        shut_out(ctx, event.user_id)
    elif state == [State.ACTIVE]:
        # the users' commit is behind us; ours may fail, the event comes again
        tokens.unbar(ctx.tenant.id, event.user_id)
