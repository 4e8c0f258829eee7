"""How a second factor is taken away, for which nobody has to be able to read it."""

from functions.auth.factors.queries import REMOVE
from functions.auth.tables import Account
from shared.context import Context
from shared.errors import NotFound


def take_away(ctx: Context, account: Account) -> None:
    """Remove a person's second factor and its recovery codes."""
    if account.second_factor_at is None:
        raise NotFound("SecondFactor", account.id)
    ctx.sql.run(REMOVE, tenant=ctx.tenant.id, account=account.id)
    account.second_factor_at, account.updated_at = None, ctx.now
