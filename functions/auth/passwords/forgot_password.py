"""Have a link mailed that resets the password; the answer is the same for every address, and so is the work.

Whether the address is known is looked up later, by who mails the link: nothing that a clock could measure
depends on it here.
"""

from typing import Literal

from events.auth import PasswordForgotten
from functions.auth.city_resolution import agreed_city
from functions.auth.mails import may_be_sent
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http
from shared.schema import Email, Schema


class Forgotten(Schema):
    email: Email


class ResetSent(Schema):
    status: Literal["reset_sent"] = "reset_sent"


@http.post(
    "/api/auth/forgot-password",
    public=True,
    tenantless=True,
    status=202,
    emits=[PasswordForgotten],
    raises=[TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive],
)
def forgot_password(ctx: Context, forgotten: Forgotten) -> ResetSent:
    ctx.enter(agreed_city(ctx, None))
    if may_be_sent(ctx, "reset", forgotten.email):  # a link that was not mailed must not replace one that was
        ctx.emit(PasswordForgotten(email=forgotten.email))
    return ResetSent()
