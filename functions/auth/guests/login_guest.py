"""Come back as the guest that the device was, when the refresh token has expired; answers new tokens."""

from hashlib import sha256

from functions.auth.city_resolution import header
from functions.auth.guests.guest import GuestLogin, GuestUnknown, enter_as_guest
from functions.auth.guests.queries import COME_BACK
from functions.auth.one_time_tokens import hash_of
from functions.auth.sessions.lifecycle import begin
from functions.auth.sessions.session import SignedIn
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http


@http.post(
    "/api/auth/guest/login",
    public=True,
    tenantless=True,
    raises=[GuestUnknown, TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive],
)
def login_guest(ctx: Context, guest: GuestLogin) -> SignedIn:
    enter_as_guest(ctx, guest.tenant_id)
    row = ctx.sql.one(
        COME_BACK,
        tenant=ctx.tenant.id,
        secret=hash_of(guest.device_secret.get_secret_value()),
        device=sha256(guest.device_id.encode()).digest(),
        now=ctx.now,
    )
    if row is None:
        raise GuestUnknown
    return begin(ctx, row[0], None, header(ctx, "user-agent")[:200])
