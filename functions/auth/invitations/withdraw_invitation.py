"""Withdraw an invitation that nobody has accepted: the mailed link stops working."""

from uuid import UUID

from functions.auth.account import RoleNotGrantable, refuse_to_grant
from functions.auth.invitations.open_invitations import still_open
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.delete("/api/auth/invitations/{invitation_id}", status=204, raises=[NotFound, RoleNotGrantable])
@requires("users:create")
def withdraw_invitation(ctx: Context, invitation_id: UUID) -> None:
    invitation = still_open(ctx, invitation_id)
    refuse_to_grant(ctx, [invitation.role])
    ctx.db.delete(invitation)
