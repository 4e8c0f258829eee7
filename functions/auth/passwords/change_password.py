"""Change one's password; all other sessions end, this one goes on."""

from events.auth import PasswordChanged
from events.notification import NotificationRequested
from functions.auth.password import (
    Password,
    PasswordTooCommon,
    PasswordTooPersonal,
    PasswordTooShort,
    matches,
)
from functions.auth.passwords.renewing import renew
from functions.auth.sessions.keeping import end
from functions.auth.sessions.queries import END_OTHERS
from functions.auth.sessions.throttle import Attempt, TooManyAttempts
from functions.auth.tables import Account
from shared.errors import Invalid, NotFound
from shared.forwarded import client_address
from shared.function import Context, http, signed_in
from shared.schema import Schema


class PasswordChange(Schema):
    current_password: Password
    new_password: Password


class CurrentPasswordWrong(Invalid):
    message = "The current password is wrong."


@http.post(
    "/api/auth/change-password",
    at_home=True,
    in_person=True,
    before_terms=True,
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
    account = ctx.db.get_or_404(Account, ctx.user_id, lock=True)
    attempt = Attempt.begin(
        ctx.tenant.id, account.address, client_address(ctx.request) if ctx.request else ""
    )
    if not matches(change.current_password, account.password_hash):
        raise CurrentPasswordWrong
    attempt.succeeded()  # it was the right one, whatever becomes of the new one
    renew(ctx, account, change.new_password, how="changed")
    end(ctx, END_OTHERS, account.id, access_id=ctx.user.session_id)
