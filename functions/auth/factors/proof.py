"""How somebody proves a second factor."""

from uuid import UUID

from functions.auth.factors.codes import DIGITS, hash_of, plain, step_of
from functions.auth.factors.factor import PasswordAndCode, ProofWrong
from functions.auth.factors.queries import IN_USE, USE_RECOVERY_CODE, USE_STEP
from functions.auth.password import proves
from functions.auth.sessions.queries import KNOWN
from functions.auth.sessions.throttle import Attempt
from functions.auth.tables import Account
from shared.context import Context
from shared.kit.sealing import resealed, unseal


def attempt(ctx: Context, account_id: UUID) -> Attempt:
    """Count one attempt to prove this person's second factor, wherever it is tried."""
    return Attempt.begin(ctx.tenant.id, str(account_id), ctx.address, door="factor")


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
    """The caller's account, once they have proven all they have: the password, and the second factor if there
    is one.
    """
    tried = attempt(ctx, ctx.user_id)
    known = ctx.sql.one(KNOWN, tenant=ctx.tenant.id, account=ctx.user_id)
    is_right = proves(ctx, given.password, known[0] if known else None)
    account = ctx.db.get_or_404(Account, ctx.user_id)
    is_right = is_right and known is not None and account.password_hash == known[0]  # not changed meanwhile
    if not is_right or (account.second_factor_at and not spend(ctx, account.id, given.code or "")):
        raise ProofWrong
    ctx.after_commit(tried.succeeded)
    return account
