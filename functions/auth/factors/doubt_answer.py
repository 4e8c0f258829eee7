"""Who answers the challenge of a login that was doubted, and whether with the right code."""

import hmac
from uuid import UUID

from functions.auth.factors.challenge import Opened
from functions.auth.factors.doubted_owner import owner_of
from functions.auth.factors.factor import SecondFactorWrong
from functions.auth.factors.mailed_code import hash_of, mailed
from functions.auth.factors.proof import spend
from functions.auth.factors.queries import DOUBTED
from functions.auth.sessions.throttle import Attempt, fingerprint
from shared.adapters import redis
from shared.context import Context
from shared.kit.ids import new_id


def settle_doubt(ctx: Context, asked: Opened, code: str) -> tuple[UUID, str, bool]:
    """Whose login it is, their password's hash, and whether a second factor was proven; SecondFactorWrong for
    all else.
    """
    address = ctx.address
    tried = Attempt.at(ctx.tenant.id, f"{asked.doubted} {address}", address, door="doubt")
    tried.count("account", "address")  # whether or not the password was right: no refusal tells
    account_id, of_password = owner_of(ctx, asked.id) or (new_id(), "")
    row = ctx.sql.one(DOUBTED, tenant=ctx.tenant.id, account=account_id)
    expected = redis.command("GET", mailed(ctx, asked.id)) or b""
    # nobody's, or the password is another one by now
    if row is None or fingerprint(row[1] or "") != of_password:
        raise SecondFactorWrong
    email, password_hash, has_factor = row
    if has_factor:
        if not is_spent(ctx, account_id, code, address):
            raise SecondFactorWrong
    elif not hmac.compare_digest(expected, hash_of(asked.id, code)):
        raise SecondFactorWrong
    ctx.after_commit(tried.succeeded)
    ctx.after_commit(Attempt.at(ctx.tenant.id, email, asked.address).doubted().succeeded)
    return account_id, password_hash, has_factor


def is_spent(ctx: Context, account_id: UUID, code: str, address: str) -> bool:
    """Whether a second factor was proven; where it was tried too often, no, and that is all that anybody is
    told.
    """
    tried = Attempt.at(ctx.tenant.id, str(account_id), address, door="factor").recognised()
    if (not tried.is_known and tried.wait("account")) or not spend(ctx, account_id, code):
        return False
    ctx.after_commit(tried.succeeded)
    return True
