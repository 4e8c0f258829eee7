"""Find what an API token stands for, by its hash; every function asks this when it does not know a token yet."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.auth.api_tokens.queries import RESOLVE, USED
from shared import tenants
from shared.api_tokens import Grant
from shared.errors import NotFound
from shared.function import Context, Json, http

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the token")]


@http.get("/api/auth/api-tokens/resolve", internal=True, tenantless=True, raises=[NotFound], min_scale=1)
def resolve_api_token(ctx: Context, tenant: UUID, hash: Hash) -> Json[Grant]:  # noqa: A002 (a query parameter)
    ctx.enter(tenants.find(str(tenant)))
    which = {"tenant": ctx.tenant.id, "hash": bytes.fromhex(hash)}
    found = ctx.sql.json_or_none(RESOLVE, **which)
    if found is None:
        raise NotFound("ApiToken")
    ctx.sql.later(USED, now=ctx.now, **which)
    return found
