"""Revoke one of one's API tokens: it is refused from the next call on."""

from uuid import UUID

from functions.auth.api_tokens.queries import REVOKE
from functions.auth.api_tokens.token_cache import forget
from shared.auth import tokens
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.delete(
    "/api/auth/api-tokens/{token_id}",
    status=204,
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    raises=[NotFound],
)
@signed_in
def revoke_api_token(ctx: Context, token_id: UUID) -> None:
    row = ctx.sql.one(REVOKE, tenant=ctx.tenant.id, account=ctx.user_id, id=token_id, now=ctx.now)
    if row is None:
        raise NotFound("ApiToken", token_id)
    tokens.revoke(ctx.tenant.id, str(token_id))
    forget(ctx, row[0])
