"""Invitations that nobody has accepted yet."""

from uuid import UUID

from functions.auth.tables import Invitation
from shared.context import Context
from shared.errors import NotFound


def still_open(ctx: Context, invitation_id: UUID) -> Invitation:
    """An invitation that nobody has accepted, expired or not, held until the transaction ends; NotFound for
    others.
    """
    invitation = ctx.db.get_or_404(Invitation, invitation_id, lock=True)
    if invitation.accepted_at:
        raise NotFound("Invitation", invitation_id)
    return invitation
