"""Whom one may lock out or let in again."""

from uuid import UUID

from functions.auth.account import State, refuse_to_grant
from functions.auth.accounts.decision_lock import decide_alone
from functions.auth.tables import Account
from shared.auth import tokens
from shared.context import Context, acting
from shared.errors import Conflict
from shared.kit.record import Record
from shared.tenancy.tenants import Tenant

HOLD = "SELECT state FROM accounts WHERE tenant_id = :tenant AND id = :user FOR UPDATE"


class OwnAccount(Conflict):
    message = "Nobody locks or unlocks their own account. Ask another administrator."


def lockable(ctx: Context, user_id: UUID) -> Account:
    """The account, held until the transaction ends; refused where it is one's own or has a role above one's
    own.
    """
    if user_id == ctx.user_id:
        raise OwnAccount
    decide_alone(ctx)
    account = ctx.db.get_or_404(Account, user_id, lock=True)
    refuse_to_grant(ctx, account.roles)
    return account


def let_in(ctx: Context, user_id: UUID) -> None:
    """Let the tokens of an open account in again; it is held meanwhile, so that nobody locks it in between
    and is undone.
    """
    if ctx.sql.one(HOLD, tenant=ctx.tenant.id, user=user_id) == [State.ACTIVE]:
        tokens.unbar(ctx.tenant.id, user_id)


def let_in_now(record: Record, tenant: Tenant, user_id: UUID) -> None:
    """As `let_in`, after the transaction that opened the account."""
    with acting(record, tenant) as ctx:
        let_in(ctx, user_id)
