"""List who is invited and has not answered yet, newest first; expired invitations are among them until they
are deleted.
"""

from sqlalchemy import select

from functions.auth.invitations.invitation import OpenInvitation
from functions.auth.tables import Invitation
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, Limit
from shared.schema import Page


@http.get("/api/auth/invitations")
@requires("users:read")
def list_invitations(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[OpenInvitation]:
    return ctx.db.page(
        select(Invitation).where(Invitation.accepted_at.is_(None)), OpenInvitation, limit, cursor
    )
