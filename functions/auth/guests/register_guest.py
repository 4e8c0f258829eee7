"""Make a guest of a device: an account without an address, good for what citizens do; answers tokens and a
secret.
"""

import secrets
from hashlib import sha256

from events.auth import UserCreated
from functions.auth.account import Kind
from functions.auth.city_resolution import header
from functions.auth.guests.guest import GuestIn, GuestSignedIn, enter_as_guest
from functions.auth.guests.tables import Guest
from functions.auth.one_time_tokens import hash_of
from functions.auth.sessions.lifecycle import begin
from functions.auth.sessions.throttle import TooManyAttempts
from functions.auth.tables import Account
from shared.auth.rbac import CITIZEN
from shared.errors import CityPreparing, TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http
from shared.kit.ids import new_id


@http.post(
    "/api/auth/guest",
    public=True,
    tenantless=True,
    status=201,
    emits=[UserCreated],
    raises=[TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive, CityPreparing],
)
def register_guest(ctx: Context, guest: GuestIn) -> GuestSignedIn:
    enter_as_guest(ctx, guest.tenant_id)
    secret = secrets.token_urlsafe(32)
    account = open_guest(ctx, guest, secret)
    signed_in = begin(ctx, account.id, None, header(ctx, "user-agent")[:200])
    return GuestSignedIn(device_secret=secret, **dict(signed_in))


def open_guest(ctx: Context, guest: GuestIn, secret: str) -> Account:
    """A new account, always: a device's id is no secret, so nobody is given what an earlier guest of the
    device had.
    """
    account = Account(
        id=new_id(),
        kind=Kind.GUEST,
        name="",
        language=guest.language or ctx.tenant.language,
        roles=[CITIZEN],
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.db.add(account)
    ctx.db.flush()
    ctx.db.add(
        Guest(
            id=new_id(),
            account_id=account.id,
            secret_hash=hash_of(secret),
            platform=guest.platform,
            device_hash=sha256(guest.device_id.encode()).digest(),
            created_at=ctx.now,
            used_at=ctx.now,
        )
    )
    ctx.db.flush()
    ctx.emit(
        UserCreated(user_id=account.id, email="", language=account.language, roles=account.roles, guest=True)
    )
    return account
