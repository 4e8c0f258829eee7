"""Begin to act in a person's name: whose it may be, the row, and the token with both identities."""

from datetime import timedelta

from functions.auth.account import State
from functions.auth.impersonation.impersonation import SECONDS, ImpersonationStartedOut, NotImpersonable
from functions.auth.impersonation.tables import Impersonation
from functions.auth.sessions.session import Person
from functions.auth.tables import Account
from shared.auth import signing
from shared.auth.rbac import SUPER_ADMIN
from shared.context import Context
from shared.kit.ids import new_id


def refuse(ctx: Context, account: Account) -> None:
    """NotImpersonable for oneself, for other super admins, and for accounts that nobody can log in to."""
    if account.id == ctx.user_id or SUPER_ADMIN in account.roles or account.state != State.ACTIVE:
        raise NotImpersonable


def start(ctx: Context, account: Account, reason: str) -> Impersonation:
    """The row that the city's admins see; no longer than marks in Redis last, or ending it early would be
    forgotten.
    """
    life = min(SECONDS, ctx.settings.jwt_expiration)
    row = Impersonation(
        id=new_id(),
        user_id=account.id,
        impersonator_id=ctx.user_id,
        reason=reason,
        created_at=ctx.now,
        ends_at=ctx.now + timedelta(seconds=life),
    )
    ctx.db.add(row)
    return row


def answer(ctx: Context, account: Account, row: Impersonation) -> ImpersonationStartedOut:
    """The access token: the person's, with the actor in `act` (RFC 8693 §4.1), whose own session it ends
    with.
    """
    life = int((row.ends_at - row.created_at).total_seconds())
    token, _ = signing.issue(
        "access",
        account.id,
        ctx.tenant.id,
        account.roles,
        row.id,
        now=ctx.now.timestamp(),
        life=life,
        act={"sub": str(ctx.user_id), "sid": ctx.user.session_id},
    )
    person = Person(id=account.id, name=account.name, roles=account.roles, tenant_id=ctx.tenant.id)
    return ImpersonationStartedOut(impersonation_id=row.id, access_token=token, expires_in=life, user=person)
