"""Invite somebody: the row that keeps the hash, and the mail that carries the link."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select

from functions.auth.account import AccountExists
from functions.auth.invitations.invitation import VALID_FOR, InvitationIn
from functions.auth.mailed_links import letter_with_link, link
from functions.auth.one_time_tokens import hash_of, new_token
from functions.auth.tables import Account, Invitation
from shared.context import Context
from shared.kit.ids import new_id


def invite(ctx: Context, invited: InvitationIn, *, by: UUID | None) -> Invitation:
    """Make an invitation and have it mailed; an earlier open one for the address stops working."""
    refuse_known(ctx, invited.email)
    ctx.db.execute(
        delete(Invitation).where(Invitation.email == invited.email, Invitation.accepted_at.is_(None))
    )
    token = new_token(ctx.tenant.id)
    invitation = Invitation(
        id=new_id(),
        token_hash=hash_of(token),
        email=invited.email,
        name=invited.name,
        role=invited.role,
        language=invited.language or ctx.tenant.language,
        invited_by=by,
        expires_at=ctx.now + VALID_FOR,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.db.add(invitation)
    mail(ctx, invitation, token, by)
    return invitation


def mail(ctx: Context, invitation: Invitation, token: str, by: UUID | None) -> None:
    """Have the link mailed."""
    way = link(ctx, "invitation", token, invitation.language)
    ctx.emit(
        letter_with_link(
            ctx,
            "invitation",
            invitation.email,
            invitation.language,
            way,
            role=invitation.role,
            name=invitation.name,
            inviter=inviter_name(ctx, by),
        )
    )


def mail_anew(ctx: Context, invitation: Invitation, *, by: UUID) -> None:
    """Have a new link mailed, in the name of whoever does that now: they answer for the invitation from here
    on.
    """
    token = new_token(ctx.tenant.id)
    invitation.token_hash, invitation.invited_by = hash_of(token), by
    invitation.expires_at, invitation.updated_at = ctx.now + VALID_FOR, ctx.now
    mail(ctx, invitation, token, by)


def refuse_known(ctx: Context, email: str) -> None:
    """AccountExists for an address that has an account here already."""
    if ctx.db.scalar(select(Account.id).where(Account.email == email)):
        raise AccountExists


def open_roles(ctx: Context, email: str) -> Sequence[str]:
    """To which roles an address is invited at this moment."""
    return ctx.db.scalars(
        select(Invitation.role).where(
            Invitation.email == email, Invitation.accepted_at.is_(None), Invitation.expires_at > ctx.now
        )
    ).all()


def inviter_name(ctx: Context, by: UUID | None) -> str:
    """The name of the inviting person, where they have an account in this city."""
    return ctx.db.scalar(select(Account.name).where(Account.id == by)) or "" if by else ""
