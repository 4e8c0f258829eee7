"""Act in a person's name for half an hour: a token that carries both identities, and a reason for the city's
admins.
"""

from events.auth import ImpersonationStarted
from functions.auth.impersonation.impersonation import (
    ImpersonationIn,
    ImpersonationStartedOut,
    NotImpersonable,
)
from functions.auth.impersonation.new_impersonation import answer, refuse, start
from functions.auth.tables import Account
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/auth/impersonate",
    in_person=True,
    never_stored=True,
    emits=[ImpersonationStarted],
    raises=[NotFound, NotImpersonable],
)
@requires("users:impersonate")
def impersonate(ctx: Context, wanted: ImpersonationIn) -> ImpersonationStartedOut:
    # whoever locks or demotes it now ends this too
    account = ctx.db.get_or_404(Account, wanted.user_id, lock=True)
    refuse(ctx, account)
    row = start(ctx, account, wanted.reason)
    ctx.emit(
        ImpersonationStarted(
            impersonation_id=row.id, user_id=account.id, impersonator_id=ctx.user_id, reason=row.reason
        )
    )
    return answer(ctx, account, row)
