"""Log in with e-mail address and password; answers an access and a refresh token, or asks for the second factor."""

from functions.auth.account import State
from functions.auth.entering import agreed_city, header
from functions.auth.factors.challenge import challenge
from functions.auth.factors.factor import Challenge
from functions.auth.password import matches
from functions.auth.sessions.keeping import begin
from functions.auth.sessions.queries import FIND
from functions.auth.sessions.session import Credentials, CredentialsWrong, SignedIn
from functions.auth.sessions.throttle import Attempt, TooManyAttempts
from shared.errors import TenantInactive, TenantMismatch, UnknownTenant
from shared.forwarded import client_address
from shared.function import Context, http


@http.post(
    "/api/auth/login",
    public=True,
    tenantless=True,
    min_scale=1,
    scale_on="cpu",
    raises=[CredentialsWrong, TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive],
)
def login(ctx: Context, credentials: Credentials) -> SignedIn | Challenge:
    ctx.enter(agreed_city(ctx, credentials.tenant_id))
    address = client_address(ctx.request) if ctx.request else ""
    attempt = Attempt.begin(ctx.tenant.id, credentials.email, address)
    account = ctx.sql.one(FIND, tenant=ctx.tenant.id, email=credentials.email)
    is_right = matches(
        credentials.password, account[1] if account else None
    )  # first: every refusal takes as long
    if account is None or not is_right or account[2] != State.ACTIVE:
        raise CredentialsWrong
    if account[3]:
        return challenge(
            ctx, account[0], account[1], address
        )  # the failures are not forgiven before it is answered
    ctx.after_commit(attempt.succeeded)
    return begin(ctx, account[0], account[1], header(ctx, "user-agent")[:200])
