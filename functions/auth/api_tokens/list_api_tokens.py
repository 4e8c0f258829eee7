"""One's API tokens that were not revoked, newest first; the tokens themselves are shown to nobody."""

from functions.auth.api_tokens.api_token import ApiTokenOut
from functions.auth.api_tokens.tables import ApiToken
from shared.function import Context, http, signed_in
from shared.kit.paging import Cursor, Limit
from shared.schema import Page


@http.get("/api/auth/api-tokens", home_tenant=True)
@signed_in
def list_api_tokens(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[ApiTokenOut]:
    from sqlalchemy import select

    query = select(ApiToken).where(ApiToken.account_id == ctx.user_id, ApiToken.revoked_at.is_(None))
    return ctx.db.page(query, ApiTokenOut, limit, cursor)
