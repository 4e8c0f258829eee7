"""End one of one's sessions, for example on a phone that was lost."""

from uuid import UUID

from functions.auth.sessions.queries import END_ONE
from functions.auth.sessions.termination import end
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.delete(
    "/api/auth/sessions/{session_id}",
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    status=204,
    raises=[NotFound],
)
@signed_in
def revoke_session(ctx: Context, session_id: UUID) -> None:
    if not end(ctx, END_ONE, ctx.user_id, id=session_id):
        raise NotFound("Session", session_id)
