"""Invite somebody: the row that keeps the hash, and the mail that carries the link."""
from uuid import UUID

from sqlalchemy import delete, select

from events.notification import NotificationRequested
from functions.auth.account import AccountExists
from functions.auth.invitations.invitation import VALID_FOR, InvitationIn
from functions.auth.one_time import hash_of, new_token
from functions.auth.tables import Account, Invitation
from shared.context import Context
from shared.ids import new_id


def invite(ctx: Context, invited: InvitationIn, *, by: UUID | None) -> Invitation:
    """Make an invitation and have it mailed; an earlier open one for the address stops working."""
    if ctx.db.scalar(select(Account.id).where(Account.email == invited.email)):
        raise AccountExists
    ctx.db.execute(delete(Invitation).where(Invitation.email == invited.email, Invitation.accepted_at.is_(None)))
    token = new_token(ctx.tenant.id)
    invitation = Invitation(
        id=new_id(), token_hash=hash_of(token), email=invited.email, name=invited.name, role=invited.role,
        language=invited.language or ctx.tenant.language, invited_by=by, expires_at=ctx.now + VALID_FOR,
        created_at=ctx.now, updated_at=ctx.now)
    ctx.db.add(invitation)
    ctx.emit(letter(ctx, invitation, token, inviter_name(ctx, by)))
    return invitation


def letter(ctx: Context, invitation: Invitation, token: str, inviter: str) -> NotificationRequested:
    """The mail. The token stands behind a #, which browsers send to no server and scanners do not follow."""
    return NotificationRequested(
        notification_id=new_id(), channel="email", template="invitation", address=invitation.email, language=invitation.language,
        values={"link": f"{ctx.settings.public_url}/invitation#token={token}", "city": ctx.tenant.name,
                "role": invitation.role, "name": invitation.name, "inviter": inviter})


def inviter_name(ctx: Context, by: UUID | None) -> str:
    """The name of the inviting person, where they have an account in this city."""
    return ctx.db.scalar(select(Account.name).where(Account.id == by)) or "" if by else ""
