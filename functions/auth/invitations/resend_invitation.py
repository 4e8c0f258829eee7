"""Mail an invitation once more, with a new link that is good for seven days; the one before stops working."""

from uuid import UUID

from events.notification import NotificationRequested
from functions.auth.account import AccountExists, RoleNotGrantable, refuse_to_give
from functions.auth.invitations.invitation import OpenInvitation
from functions.auth.invitations.new_invitation import mail_anew, refuse_known
from functions.auth.invitations.open_invitations import still_open
from functions.auth.mails import has_room
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/auth/invitations/{invitation_id}/resend",
    emits=[NotificationRequested],
    raises=[NotFound, RoleNotGrantable, AccountExists, TooManyAttempts],
)
@requires("users:create")
def resend_invitation(ctx: Context, invitation_id: UUID) -> OpenInvitation:
    invitation = still_open(ctx, invitation_id)
    refuse_to_give(ctx, [invitation.role])
    refuse_known(ctx, invitation.email)
    if not has_room("invitation", invitation.email):
        raise TooManyAttempts(retryAfter=3600)
    mail_anew(ctx, invitation, by=ctx.user_id)
    return OpenInvitation.model_validate(invitation)
