"""Stop acting in a person's name: called with the token that says so, which is refused from then on."""

from uuid import UUID

from events.auth import ImpersonationStopped
from functions.auth.impersonation.impersonation import NotImpersonating
from functions.auth.impersonation.queries import STOP
from shared.auth import tokens
from shared.function import Context, http, signed_in


@http.post(
    "/api/auth/impersonate/stop",
    status=204,
    home_tenant=True,
    exempt_from_terms=True,
    emits=[ImpersonationStopped],
    raises=[NotImpersonating],
)
@signed_in
def stop_impersonating(ctx: Context) -> None:
    if ctx.user.impersonator_id is None:
        raise NotImpersonating
    tokens.revoke(ctx.tenant.id, ctx.user.session_id)
    for row in ctx.sql.run(STOP, tenant=ctx.tenant.id, id=UUID(ctx.user.session_id), now=ctx.now):
        ctx.emit(ImpersonationStopped(impersonation_id=row[0], user_id=row[1], impersonator_id=row[2]))
