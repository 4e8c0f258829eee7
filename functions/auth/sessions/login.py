"""Log in with e-mail address and password; answers an access and a refresh token, or asks for the second
factor.

Where others have guessed at an account very often, the answer asks for a code wherever its owner did not get
in lately, whether or not the password was right; if it was, its owner has the code by mail, or in their app.
"""

from events.auth import LoginDoubted
from functions.auth.account import State
from functions.auth.city_resolution import agreed_city, header
from functions.auth.factors.challenge import challenge
from functions.auth.factors.doubt import doubt
from functions.auth.factors.factor import Challenge
from functions.auth.password import proves, renewed
from functions.auth.sessions.lifecycle import begin
from functions.auth.sessions.queries import FIND
from functions.auth.sessions.session import Credentials, CredentialsWrong, SignedIn
from functions.auth.sessions.throttle import Attempt, TooManyAttempts
from shared.errors import TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http
from shared.telemetry.logs import note


@http.post(
    "/api/auth/login",
    public=True,
    tenantless=True,
    min_scale=1,
    scale_on="cpu",
    emits=[LoginDoubted],
    raises=[CredentialsWrong, TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive],
)
def login(ctx: Context, credentials: Credentials) -> SignedIn | Challenge:
    ctx.enter(agreed_city(ctx, credentials.tenant_id))
    address = ctx.address
    attempt = Attempt.at_the_door(ctx.tenant.id, credentials.email, address)
    account = ctx.sql.one(FIND, tenant=ctx.tenant.id, email=credentials.email)
    if account:
        # a wrong password is noticed by whoever watches the account, not only by its owner
        note(accountId=account[0])
    # first: every refusal takes as long
    is_right = proves(ctx, credentials.password, account[1] if account else None)
    is_welcome = account is not None and is_right and account[2] == State.ACTIVE
    if attempt.is_doubted:
        return doubt(
            ctx, (account[0], account[1]) if account and is_welcome else None, credentials.email, address
        )
    if account is None or not is_welcome:
        raise CredentialsWrong
    stored = renewed(ctx, account[0], credentials.password, account[1])
    if account[3]:
        # the failures are not forgiven before it is answered
        return challenge(ctx, account[0], stored, address)
    ctx.after_commit(attempt.succeeded)
    return begin(ctx, account[0], stored, header(ctx, "user-agent")[:200])
