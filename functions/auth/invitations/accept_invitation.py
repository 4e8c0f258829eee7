"""Accept an invitation: choose a name and a password, and have an account."""

from events.auth import UserCreated
from functions.auth.account import AccountExists, AccountOut, State
from functions.auth.accounts.opening import open_account
from functions.auth.entering import agreed_city
from functions.auth.invitations.invitation import Acceptance
from functions.auth.invitations.inviting import refuse_known
from functions.auth.one_time import LinkInvalid, hash_of, tenant_of
from functions.auth.password import (
    PasswordTooCommon,
    PasswordTooPersonal,
    PasswordTooShort,
    hashed,
    refuse_weak,
)
from functions.auth.tables import Account, Invitation
from shared.function import Context, http
from shared.rbac import may_grant, permissions_of


@http.post(
    "/api/auth/invitations/accept",
    public=True,
    tenantless=True,
    status=201,
    emits=[UserCreated],
    raises=[LinkInvalid, AccountExists, PasswordTooShort, PasswordTooCommon, PasswordTooPersonal],
)
def accept_invitation(ctx: Context, acceptance: Acceptance) -> AccountOut:
    ctx.enter(agreed_city(ctx, tenant_of(acceptance.token)))
    invitation = found(ctx, acceptance.token)
    invitation.accept(ctx.now)
    refuse_fallen(ctx, invitation)
    refuse_known(ctx, invitation.email)
    refuse_weak(acceptance.password, invitation.email, acceptance.name, ctx.tenant.name)
    return AccountOut.model_validate(
        open_account(
            ctx,
            invitation.email,
            acceptance.name,
            hashed(acceptance.password),
            roles=[invitation.role],
            language=acceptance.language or invitation.language,
        )
    )


def found(ctx: Context, token: str) -> Invitation:
    """The invitation that this token is for, held until the transaction ends so that it is accepted once."""
    from sqlalchemy import select

    invitation = ctx.db.scalar(
        select(Invitation).where(Invitation.token_hash == hash_of(token)).with_for_update()
    )
    if invitation is None:
        raise LinkInvalid
    return invitation


def refuse_fallen(ctx: Context, invitation: Invitation) -> None:
    """LinkInvalid where whoever invited may not any more: locked or demoted, they would come back as the invited person."""
    inviter = (
        ctx.db.get(Account, invitation.invited_by) if invitation.invited_by else None
    )  # a super admin lives elsewhere
    if inviter and not (
        inviter.state == State.ACTIVE
        and may_grant(inviter.roles, invitation.role)
        and "users:create" in permissions_of(tuple(inviter.roles))
    ):
        raise LinkInvalid
