"""Set a new password with a mailed link; every session and API token ends. An account that is locked stays
locked.
"""

from typing import Annotated

from pydantic import StringConstraints

from events.auth import PasswordChanged
from events.notification import NotificationRequested
from functions.auth.api_tokens.token_cache import revoke_api_tokens
from functions.auth.city_resolution import agreed_city
from functions.auth.one_time_tokens import LENGTH, LinkInvalid, hash_of, tenant_of
from functions.auth.password import Password, PasswordTooCommon, PasswordTooPersonal, PasswordTooShort, chosen
from functions.auth.passwords.new_password import renew
from functions.auth.passwords.queries import OPEN, USE
from functions.auth.sessions.queries import END_ALL
from functions.auth.sessions.termination import end
from functions.auth.sessions.throttle import Attempt
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
    link = {"tenant": ctx.tenant.id, "token_hash": hash_of(reset.token), "now": ctx.now}
    owner = ctx.sql.one(OPEN, **link)
    if owner is None:
        raise LinkInvalid
    password_hash = chosen(ctx, reset.password, *owner)
    used = ctx.sql.one(USE, **link)
    if used is None:  # meanwhile
        raise LinkInvalid
    account = ctx.db.get_or_404(Account, used[0], lock=True)
    renew(ctx, account, password_hash, how="reset")
    end(ctx, END_ALL, account.id)
    revoke_api_tokens(ctx, account.id)
    address = ctx.address
    # whoever reads the mail gets in from here
    for door, name in (("login", account.address), ("factor", str(account.id))):
        ctx.after_commit(Attempt.at(ctx.tenant.id, name, address, door).let_in)
