"""Who is asking: the account, its roles and permissions, and the city that the call is about."""

from datetime import UTC, datetime
from uuid import UUID

from functions.auth.account import AccountOut, Kind
from functions.auth.sessions.queries import ME
from shared.errors import NotFound
from shared.function import Context, http, signed_in
from shared.schema import Schema


class City(Schema):
    id: UUID
    slug: str
    name: str


class Me(AccountOut):
    """`guest`: known by a device alone, without an address. `impersonatorId`: the super admin who acts in
    this person's name.

    `tenantId` is where the account lives; `tenant` is the city at hand, another one only for a super admin.
    """

    guest: bool
    second_factor: bool
    tenant_id: UUID
    tenant: City
    permissions: list[str]
    session_id: str
    impersonator_id: UUID | None
    expires_at: datetime


@http.get("/api/auth/me", home_tenant=True, allows_api_tokens=True, raises=[NotFound], min_scale=1)
@signed_in
def whoami(ctx: Context) -> Me:
    row = ctx.sql.one(ME, tenant=ctx.tenant.id, account=ctx.user_id)
    if row is None:
        raise NotFound("Account", ctx.user_id)
    return Me(
        id=ctx.user_id,
        email=row[0],
        name=row[1],
        language=row[2],
        guest=row[3] == Kind.GUEST,
        second_factor=row[4],
        roles=list(ctx.user.roles),
        tenant_id=ctx.tenant.id,
        tenant=City.model_validate(ctx.at_hand),
        permissions=sorted(ctx.user.permissions),
        session_id=ctx.user.session_id,
        impersonator_id=ctx.user.impersonator_id,
        expires_at=datetime.fromtimestamp(ctx.user.expires_at, UTC),
    )
