"""Exchange a refresh token for new tokens; each works once, and one that comes back later ends its session."""

from functions.auth.account import Kind
from functions.auth.city_resolution import agreed_city
from functions.auth.guests.queries import TOUCH
from functions.auth.sessions.lifecycle import answer, rotate, successor
from functions.auth.sessions.queries import PERSON
from functions.auth.sessions.session import Person, RefreshIn, SignedIn
from shared.auth import signing
from shared.auth.tokens import Principal
from shared.errors import TenantInactive, TenantMismatch, TokenExpired, TokenInvalid, TokenRevoked
from shared.function import Context, http
from shared.tenancy import tenants


@http.post(
    "/api/auth/refresh",
    public=True,
    tenantless=True,
    min_scale=1,
    raises=[TokenInvalid, TokenExpired, TokenRevoked, TenantMismatch, TenantInactive],
)
def refresh(ctx: Context, presented: RefreshIn) -> SignedIn:
    claims = signing.decode("refresh", presented.refresh_token.get_secret_value())
    home = tenants.find(claims["tenantId"])
    ctx.enter(home)
    session = rotate(ctx, claims)
    row = ctx.sql.one(PERSON, tenant=home.id, account=session.account_id)
    if row is None:
        raise TokenRevoked
    person = Person(id=session.account_id, name=row[0], roles=row[1], tenant_id=home.id)
    agreed_city(ctx, home.id, everywhere=Principal(person.id, home.id, tuple(person.roles)).everywhere)
    if row[3] == Kind.GUEST:
        ctx.sql.queue(TOUCH, tenant=home.id, account=person.id, now=ctx.now)
    return answer(
        ctx,
        person,
        claims["sid"],
        session.access_id,
        successor(claims, session),
        int(claims.get("auth_time", 0)),
        has_factor=row[2],
        is_guest=row[3] == Kind.GUEST,
    )
