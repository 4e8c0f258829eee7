"""Accept an invitation: choose a name and a password, and have an account."""
from events.auth import UserCreated
from functions.auth.account import AccountOut
from functions.auth.accounts.opening import open_account
from functions.auth.entering import agreed_city
from functions.auth.invitations.invitation import Acceptance
from functions.auth.one_time import LinkInvalid, hash_of, tenant_of
from functions.auth.password import PasswordTooCommon, PasswordTooPersonal, PasswordTooShort, hashed, refuse_weak
from functions.auth.tables import Invitation
from shared.function import Context, http


@http.post("/api/auth/invitations/accept", public=True, tenantless=True, status=201, emits=[UserCreated],
           raises=[LinkInvalid, PasswordTooShort, PasswordTooCommon, PasswordTooPersonal])
def accept_invitation(ctx: Context, acceptance: Acceptance) -> AccountOut:
    ctx.enter(agreed_city(ctx, tenant_of(acceptance.token)))
    invitation = found(ctx, acceptance.token)
    invitation.accept(ctx.now)
    refuse_weak(acceptance.password, invitation.email, acceptance.name, ctx.tenant.name)
    return AccountOut.model_validate(open_account(
        ctx, invitation.email, acceptance.name, hashed(acceptance.password), roles=[invitation.role],
        language=acceptance.language or invitation.language))


def found(ctx: Context, token: str) -> Invitation:
    """The invitation that this token is for, held until the transaction ends so that it is accepted once."""
    from sqlalchemy import select

    invitation = ctx.db.scalar(select(Invitation).where(Invitation.token_hash == hash_of(token)).with_for_update())
    if invitation is None:
        raise LinkInvalid
    return invitation
