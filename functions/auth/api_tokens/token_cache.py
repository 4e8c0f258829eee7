"""What is remembered of API tokens must not outlive what has changed: their owner's roles, state or password."""

from functools import partial
from uuid import UUID

from functions.auth.api_tokens.queries import OPEN, REVOKE_ALL
from shared.auth import api_tokens
from shared.context import Context


def forget_api_tokens(ctx: Context, account_id: UUID) -> None:
    """Have every function ask anew about a person's API tokens."""
    for (token_hash,) in ctx.sql.run(OPEN, tenant=ctx.tenant.id, account=account_id):
        forget(ctx, token_hash)


def revoke_api_tokens(ctx: Context, account_id: UUID) -> None:
    """End all of a person's API tokens: whoever needs a new password may have lost more than that."""
    for (token_hash,) in ctx.sql.run(REVOKE_ALL, tenant=ctx.tenant.id, account=account_id, now=ctx.now):
        forget(ctx, token_hash)


def forget(ctx: Context, token_hash: bytes) -> None:
    """Forget now, so that it is done if we end here, and after the commit, however long that takes."""
    again = partial(api_tokens.forget, ctx.tenant.id, token_hash.hex())
    again()
    ctx.after_commit(again)
