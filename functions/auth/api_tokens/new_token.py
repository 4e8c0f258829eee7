"""What an API token must not be, and how it becomes a row."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select

from functions.auth.api_tokens.api_token import (
    LONGEST_LIFE,
    MOST,
    ApiTokenIn,
    ExpiryOutOfRange,
    ScopeNotHeld,
    TooManyApiTokens,
)
from functions.auth.api_tokens.tables import ApiToken
from functions.auth.one_time_tokens import new_token
from shared.auth.api_tokens import PREFIX, digest
from shared.context import Context
from shared.kit.ids import new_id


def refuse_not_held(ctx: Context, scopes: Iterable[str]) -> None:
    """ScopeNotHeld, naming the first permission that the caller lacks."""
    for scope in scopes:
        if not ctx.may(scope):
            raise ScopeNotHeld(scope=scope)


def refuse_beyond_range(ctx: Context, end: datetime) -> None:
    """ExpiryOutOfRange for what has ended already, or would not end for too long."""
    if not ctx.now < end <= ctx.now + LONGEST_LIFE:
        raise ExpiryOutOfRange(days=LONGEST_LIFE.days)


def refuse_many(ctx: Context, owner_id: UUID) -> None:
    """TooManyApiTokens for somebody who has as many as they may have; what has expired does not count."""
    valid = (ApiToken.account_id == owner_id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > ctx.now)
    if (ctx.db.scalar(select(func.count()).select_from(ApiToken).where(*valid)) or 0) >= MOST:
        raise TooManyApiTokens(most=MOST)


def make(ctx: Context, owner_id: UUID, wanted: ApiTokenIn) -> tuple[ApiToken, str]:
    """The row, which keeps a hash, and the token."""
    token = PREFIX + new_token(ctx.tenant.id)
    row = ApiToken(
        id=new_id(),
        account_id=owner_id,
        name=wanted.name,
        scopes=sorted(set(wanted.scopes)),
        token_hash=digest(token),
        created_at=ctx.now,
        expires_at=wanted.expires_at,
    )
    ctx.db.add(row)
    return row, token
