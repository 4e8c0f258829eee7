"""Remove one's second factor; refused where it is required of one."""

from events.notification import NotificationRequested
from functions.auth.factors.factor import PasswordAndCode, ProofWrong, SecondFactorRequired
from functions.auth.factors.proof import proven
from functions.auth.factors.removal import take_away
from functions.auth.factors.requirement import is_required
from functions.auth.mails import letter
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import NotFound
from shared.function import Context, http, signed_in


@http.delete(
    "/api/auth/second-factor",
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    status=204,
    emits=[NotificationRequested],
    raises=[NotFound, ProofWrong, SecondFactorRequired, TooManyAttempts],
)
@signed_in
def remove_second_factor(ctx: Context, given: PasswordAndCode) -> None:
    account = proven(ctx, given)
    if is_required(ctx.tenant, account.roles):
        raise SecondFactorRequired
    take_away(ctx, account)
    ctx.emit(letter(ctx, "second_factor_removed", account.address, account.language))
