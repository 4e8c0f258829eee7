"""End what others do in a person's name: their tokens hold roles that the person no longer has."""

from uuid import UUID

from functions.auth.impersonation.queries import STOP_ALL
from shared.auth import tokens
from shared.context import Context


def end_impersonations(ctx: Context, user_id: UUID) -> None:
    """Nobody acts in this person's name any more, from the next call on."""
    for (impersonation_id,) in ctx.sql.run(STOP_ALL, tenant=ctx.tenant.id, user=user_id, now=ctx.now):
        tokens.revoke(ctx.tenant.id, str(impersonation_id))
