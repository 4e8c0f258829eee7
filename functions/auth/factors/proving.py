"""How somebody proves a second factor, and how it is taken away."""

from uuid import UUID

from functions.auth.factors.codes import DIGITS, hash_of, plain, step_of
from functions.auth.factors.factor import PasswordAndCode, ProofWrong
from functions.auth.factors.queries import IN_USE, REMOVE, USE_RECOVERY_CODE, USE_STEP
from functions.auth.password import matches
from functions.auth.sessions.throttle import Attempt
from functions.auth.tables import Account
from shared.context import Context
from shared.errors import NotFound
from shared.forwarded import client_address
from shared.sealing import resealed, unseal


def attempt(ctx: Context, account_id: UUID) -> Attempt:
    """Count one attempt to prove this person's second factor, wherever it is tried."""
    return Attempt.begin(
        ctx.tenant.id, str(account_id), client_address(ctx.request) if ctx.request else "", door="factor"
    )


def spend(ctx: Context, account_id: UUID, code: str) -> bool:
    """Whether the code is good; then it is used up, and whoever presents it at the same moment is refused."""
    whose = {"tenant": ctx.tenant.id, "account": account_id}
    if len(plain(code)) != DIGITS:
        return bool(ctx.sql.run(USE_RECOVERY_CODE, hash=hash_of(account_id, code), **whose))
    sealed = ctx.sql.one(IN_USE, **whose)
    step = step_of(unseal(sealed[0], account_id), plain(code), ctx.now) if sealed else None
    if sealed is None or step is None:
        return False
    return bool(
        ctx.sql.run(USE_STEP, step=step, secret=sealed[0], resealed=resealed(sealed[0], account_id), **whose)
    )


def proven(ctx: Context, given: PasswordAndCode) -> Account:
    """The caller's account, once they have proven all they have: the password, and the second factor if there is one."""
    tried = attempt(ctx, ctx.user_id)
    account = ctx.db.get_or_404(Account, ctx.user_id)
    is_right = matches(given.password, account.password_hash)
    if not is_right or (account.second_factor_at and not spend(ctx, account.id, given.code or "")):
        raise ProofWrong
    ctx.after_commit(tried.succeeded)
    return account


def take_away(ctx: Context, account: Account) -> None:
    """Remove a person's second factor and its recovery codes."""
    if account.second_factor_at is None:
        raise NotFound("SecondFactor", account.id)
    ctx.sql.run(REMOVE, tenant=ctx.tenant.id, account=account.id)
    account.second_factor_at, account.updated_at = None, ctx.now
