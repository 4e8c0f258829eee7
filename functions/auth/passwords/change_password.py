"""Change one's password; all other sessions end, this one goes on."""

from events.auth import PasswordChanged
from events.notification import NotificationRequested
from functions.auth.password import (
    Password,
    PasswordTooCommon,
    PasswordTooPersonal,
    PasswordTooShort,
    chosen,
    proves,
)
from functions.auth.passwords.new_password import renew
from functions.auth.sessions.queries import END_OTHERS, KNOWN
from functions.auth.sessions.termination import end
from functions.auth.sessions.throttle import FREE, TooManyAttempts, count
from functions.auth.tables import Account
from shared.adapters import redis
from shared.errors import Invalid, NotFound
from shared.function import Context, http, signed_in
from shared.schema import Schema


class PasswordChange(Schema):
    current_password: Password
    new_password: Password


class CurrentPasswordWrong(Invalid):
    message = "The current password is wrong."


@http.post(
    "/api/auth/change-password",
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    status=204,
    emits=[PasswordChanged, NotificationRequested],
    raises=[
        NotFound,
        CurrentPasswordWrong,
        TooManyAttempts,
        PasswordTooShort,
        PasswordTooCommon,
        PasswordTooPersonal,
    ],
)
@signed_in
def change_password(ctx: Context, change: PasswordChange) -> None:
    known = ctx.sql.one(KNOWN, tenant=ctx.tenant.id, account=ctx.user_id)
    # this session's: nobody else's guesses count here
    tries = redis.key(ctx.tenant.id, "change-password", ctx.user.session_id)
    count([tries], FREE["pair"])
    if known is None or not proves(ctx, change.current_password, known[0]):
        raise CurrentPasswordWrong
    redis.command("DEL", tries)  # it was the right one, whatever becomes of the new one
    password_hash = chosen(ctx, change.new_password, *known[1:])
    account = ctx.db.get_or_404(Account, ctx.user_id, lock=True)
    if account.password_hash != known[0]:  # changed meanwhile
        raise CurrentPasswordWrong
    renew(ctx, account, password_hash, how="changed")
    end(ctx, END_OTHERS, account.id, access_id=ctx.user.session_id)
