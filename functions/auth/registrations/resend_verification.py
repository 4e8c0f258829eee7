"""Send the link of a registration again, as a new one; the answer is the same where nothing waits."""

from events.notification import NotificationRequested
from functions.auth.city_resolution import agreed_city
from functions.auth.mails import may_be_sent
from functions.auth.one_time_tokens import hash_of, new_token
from functions.auth.registrations.mails import KIND, send_link
from functions.auth.registrations.queries import RENEW, WAITING
from functions.auth.registrations.registration import Again, VerificationSent
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http


@http.post(
    "/api/auth/verify-email/resend",
    public=True,
    tenantless=True,
    status=202,
    emits=[NotificationRequested],
    raises=[TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive],
)
def resend_verification(ctx: Context, again: Again) -> VerificationSent:
    ctx.enter(agreed_city(ctx, None))
    which = {"tenant": ctx.tenant.id, "id": again.registration_id, "now": ctx.now}
    waiting = ctx.sql.one(WAITING, **which)
    if waiting and may_be_sent(ctx, KIND, waiting[0]):
        token = new_token(ctx.tenant.id)
        [[owner]] = ctx.sql.run(RENEW, token_hash=hash_of(token), **which)
        send_link(ctx, waiting[0], waiting[1], token, owner)
    return VerificationSent(registration_id=again.registration_id)
