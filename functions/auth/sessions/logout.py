"""End this session: its access token and its refresh token stop working at once."""

from functions.auth.sessions.queries import END_THIS
from functions.auth.sessions.termination import end
from shared.auth import tokens
from shared.function import Context, http, signed_in


@http.post("/api/auth/logout", home_tenant=True, in_person=True, exempt_from_terms=True, status=204)
@signed_in
def logout(ctx: Context) -> None:
    end(ctx, END_THIS, ctx.user_id, access_id=ctx.user.session_id)
    tokens.revoke(ctx.tenant.id, ctx.user.session_id)
