"""Have a link mailed that resets the password; the answer is the same for every address, and so is the work."""

from datetime import timedelta
from typing import Literal

from events.notification import NotificationRequested
from functions.auth.entering import agreed_city
from functions.auth.letters import letter, link, may_be_sent
from functions.auth.one_time import hash_of, new_token
from functions.auth.passwords.queries import ASK
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http
from shared.ids import new_id
from shared.schema import Email, Schema

VALID_FOR = timedelta(hours=1)


class Forgotten(Schema):
    email: Email


class ResetSent(Schema):
    status: Literal["reset_sent"] = "reset_sent"


@http.post(
    "/api/auth/forgot-password",
    public=True,
    tenantless=True,
    status=202,
    emits=[NotificationRequested],
    raises=[TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive],
)
def forgot_password(ctx: Context, forgotten: Forgotten) -> ResetSent:
    ctx.enter(agreed_city(ctx, None))
    token = new_token(ctx.tenant.id)
    if may_be_sent(ctx, "reset", forgotten.email):  # a link that was not mailed must not replace one that was
        owner = ctx.sql.one(
            ASK,
            tenant=ctx.tenant.id,
            id=new_id(),
            email=forgotten.email,
            token_hash=hash_of(token),
            expires=ctx.now + VALID_FOR,
            now=ctx.now,
        )
        if owner:
            ctx.emit(
                letter(
                    ctx,
                    "reset_password",
                    forgotten.email,
                    owner[0],
                    link=link(ctx, "reset-password", token, owner[0]),
                )
            )
    return ResetSent()
