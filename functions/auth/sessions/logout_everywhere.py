"""End all of one's sessions, on every device, this one too."""

from functions.auth.sessions.queries import END_ALL
from functions.auth.sessions.termination import end
from shared.auth import tokens
from shared.function import Context, http, signed_in


@http.post("/api/auth/logout-all", home_tenant=True, in_person=True, exempt_from_terms=True, status=204)
@signed_in
def logout_everywhere(ctx: Context) -> None:
    end(ctx, END_ALL, ctx.user_id)
    tokens.revoke(ctx.tenant.id, ctx.user.session_id)
