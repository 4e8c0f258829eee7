"""Set a new password with a mailed link; every session and API token ends. An account that is locked stays locked."""

from typing import Annotated

from pydantic import StringConstraints

from events.auth import PasswordChanged
from events.notification import NotificationRequested
from functions.auth.api_tokens.forgetting import revoke_api_tokens
from functions.auth.entering import agreed_city
from functions.auth.one_time import LENGTH, LinkInvalid, hash_of, tenant_of
from functions.auth.password import Password, PasswordTooCommon, PasswordTooPersonal, PasswordTooShort
from functions.auth.passwords.queries import USE
from functions.auth.passwords.renewing import renew
from functions.auth.sessions.keeping import end
from functions.auth.sessions.queries import END_ALL
from functions.auth.tables import Account
from shared.function import Context, http
from shared.schema import Schema


class Reset(Schema):
    """`token` is what the mailed link holds."""

    token: Annotated[str, StringConstraints(max_length=2 * LENGTH)]
    password: Password


@http.post(
    "/api/auth/reset-password",
    public=True,
    tenantless=True,
    status=204,
    emits=[PasswordChanged, NotificationRequested],
    raises=[LinkInvalid, PasswordTooShort, PasswordTooCommon, PasswordTooPersonal],
)
def reset_password(ctx: Context, reset: Reset) -> None:
    ctx.enter(agreed_city(ctx, tenant_of(reset.token)))
    used = ctx.sql.one(USE, tenant=ctx.tenant.id, token_hash=hash_of(reset.token), now=ctx.now)
    if used is None:
        raise LinkInvalid
    account = ctx.db.get_or_404(Account, used[0], lock=True)
    renew(ctx, account, reset.password, how="reset")
    end(ctx, END_ALL, account.id)
    revoke_api_tokens(ctx, account.id)
