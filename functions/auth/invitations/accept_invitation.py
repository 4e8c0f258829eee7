"""Accept an invitation: choose a name and a password, and have an account."""

from events.auth import UserCreated
from functions.auth.account import AccountExists, AccountOut, State
from functions.auth.accounts.new_account import open_account
from functions.auth.city_resolution import agreed_city
from functions.auth.invitations.invitation import Acceptance
from functions.auth.invitations.new_invitation import refuse_known
from functions.auth.one_time_tokens import LinkInvalid, hash_of, tenant_of
from functions.auth.password import PasswordTooCommon, PasswordTooPersonal, PasswordTooShort, chosen
from functions.auth.tables import Account, Invitation
from shared.auth.rbac import may_grant, permissions_of
from shared.function import Context, http

OPEN = """SELECT email FROM invitations
 WHERE tenant_id = :tenant AND token_hash = :token_hash AND expires_at > :now AND accepted_at IS NULL"""


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
    invited = ctx.sql.one(OPEN, tenant=ctx.tenant.id, token_hash=hash_of(acceptance.token), now=ctx.now)
    if invited is None:
        raise LinkInvalid
    password_hash = chosen(ctx, acceptance.password, *invited, acceptance.name)
    invitation = found(ctx, acceptance.token)
    invitation.accept(ctx.now)
    refuse_fallen(ctx, invitation)
    refuse_known(ctx, invitation.email)
    return AccountOut.model_validate(
        open_account(
            ctx,
            invitation.email,
            acceptance.name,
            password_hash,
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
    """LinkInvalid where whoever invited may not any more: locked or demoted, they would come back as the
    invited person.
    """
    # a super admin lives elsewhere
    inviter = ctx.db.get(Account, invitation.invited_by) if invitation.invited_by else None
    if inviter and not (
        inviter.state == State.ACTIVE
        and may_grant(inviter.roles, invitation.role)
        and "users:create" in permissions_of(tuple(inviter.roles))
    ):
        raise LinkInvalid
