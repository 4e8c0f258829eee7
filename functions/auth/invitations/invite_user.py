"""Invite somebody by mail to be an editor or an admin of the city."""

from events.notification import NotificationRequested
from functions.auth.account import AccountExists, RoleNotGrantable, refuse_to_give, refuse_to_grant
from functions.auth.invitations.invitation import InvitationIn, InvitationOut
from functions.auth.invitations.new_invitation import invite, open_roles
from shared.function import Context, http, requires


@http.post(
    "/api/auth/invitations",
    status=201,
    emits=[NotificationRequested],
    raises=[AccountExists, RoleNotGrantable],
)
@requires("users:create")
def invite_user(ctx: Context, invited: InvitationIn) -> InvitationOut:
    refuse_to_give(ctx, [invited.role])
    refuse_to_grant(ctx, open_roles(ctx, invited.email))  # an earlier invitation stops working
    return InvitationOut.model_validate(invite(ctx, invited, by=ctx.user_id))
