"""Find what an API token stands for, by its hash, and sign it; every function asks this when it does not know
a token yet.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.auth.api_tokens.queries import RESOLVE, USED
from shared.auth import signing
from shared.auth.api_tokens import LIFE
from shared.errors import NotFound
from shared.function import Context, http
from shared.tenancy import tenants

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the token")]


@http.get("/api/auth/api-tokens/resolve", internal=True, tenantless=True, raises=[NotFound], min_scale=1)
def resolve_api_token(ctx: Context, tenant: UUID, hash: Hash) -> str:
    ctx.enter(tenants.find(str(tenant)))
    which = {"tenant": ctx.tenant.id, "hash": bytes.fromhex(hash)}
    row = ctx.sql.one(RESOLVE, **which)
    if row is None:
        raise NotFound("ApiToken")
    ctx.sql.queue(USED, now=ctx.now, **which)
    token_id, account_id, roles, scopes, expires_at = row
    return signing.issue(
        "grant",
        account_id,
        ctx.tenant.id,
        roles,
        token_id,
        now=ctx.now.timestamp(),
        life=LIFE,
        scopes=scopes,
        hash=hash,
        ends=expires_at.timestamp(),
    )[0]
