"""Take somebody's second factor away, for example when phone and recovery codes are lost; they log in with
the password alone.
"""

from uuid import UUID

from events.notification import NotificationRequested
from functions.auth.account import RoleNotGrantable, refuse_to_grant
from functions.auth.factors.factor import OwnSecondFactor
from functions.auth.factors.removal import take_away
from functions.auth.mails import letter
from functions.auth.sessions.termination import renew_access
from functions.auth.tables import Account
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.delete(
    "/api/auth/users/{user_id}/second-factor",
    in_person=True,
    status=204,
    emits=[NotificationRequested],
    raises=[NotFound, OwnSecondFactor, RoleNotGrantable],
)
@requires("users:update")
def reset_second_factor(ctx: Context, user_id: UUID) -> None:
    if user_id == ctx.user_id:
        raise OwnSecondFactor
    account = ctx.db.get_or_404(Account, user_id, lock=True)
    refuse_to_grant(ctx, account.roles)
    take_away(ctx, account)
    renew_access(ctx, account.id)
    ctx.emit(letter(ctx, "second_factor_removed", account.address, account.language))
