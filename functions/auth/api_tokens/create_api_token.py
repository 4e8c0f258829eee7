"""Make an API token with a part of one's own permissions, for a time, shortly after having logged in; it is
shown this once.
"""

from functions.auth.api_tokens.api_token import (
    ApiTokenIn,
    ApiTokenMade,
    ApiTokenOut,
    ExpiryOutOfRange,
    ScopeNotHeld,
    TooManyApiTokens,
)
from functions.auth.api_tokens.new_token import make, refuse_beyond_range, refuse_many, refuse_not_held
from functions.auth.tables import Account
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.post(
    "/api/auth/api-tokens",
    status=201,
    home_tenant=True,
    in_person=True,
    fresh_login=True,
    never_stored=True,
    raises=[NotFound, ScopeNotHeld, ExpiryOutOfRange, TooManyApiTokens],
)
@signed_in
def create_api_token(ctx: Context, wanted: ApiTokenIn) -> ApiTokenMade:
    refuse_not_held(ctx, wanted.scopes)
    refuse_beyond_range(ctx, wanted.expires_at)
    owner = ctx.db.get_or_404(Account, ctx.user_id, lock=True)  # one at a time, so that the limit holds
    refuse_many(ctx, owner.id)
    row, token = make(ctx, owner.id, wanted)
    return ApiTokenMade(token=token, **ApiTokenOut.model_validate(row).model_dump())
