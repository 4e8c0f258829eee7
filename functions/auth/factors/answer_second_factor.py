"""The second step of a login: the challenge and a code; answers an access and a refresh token."""

from functions.auth.city_resolution import agreed_city, header
from functions.auth.factors.challenge import opened
from functions.auth.factors.doubt_answer import settle_doubt
from functions.auth.factors.factor import ChallengeAnswer, ChallengeOver, SecondFactorWrong
from functions.auth.factors.proof import attempt, spend
from functions.auth.factors.queries import OWNER
from functions.auth.sessions.lifecycle import begin
from functions.auth.sessions.session import SignedIn
from functions.auth.sessions.throttle import Attempt, TooManyAttempts, fingerprint
from shared.errors import TenantInactive, TenantMismatch, UnknownTenant
from shared.function import Context, http


@http.post(
    "/api/auth/login/second-factor",
    public=True,
    tenantless=True,
    raises=[ChallengeOver, SecondFactorWrong, TooManyAttempts, UnknownTenant, TenantMismatch, TenantInactive],
)
def answer_second_factor(ctx: Context, answer: ChallengeAnswer) -> SignedIn:
    asked = opened(answer.challenge.get_secret_value())
    ctx.enter(agreed_city(ctx, asked.tenant_id))
    asked.count()
    if asked.doubted:
        account_id, password_hash, proven = settle_doubt(ctx, asked, answer.code)
        asked.close()
        return begin(ctx, account_id, password_hash, header(ctx, "user-agent")[:200], proven=proven)
    owner = ctx.sql.one(OWNER, tenant=ctx.tenant.id, account=asked.account_id)
    # locked, or the password is another one by now
    if owner is None or fingerprint(owner[1] or "") != asked.password:
        raise ChallengeOver
    tried = attempt(ctx, asked.account_id)
    if not spend(ctx, asked.account_id, answer.code):
        raise SecondFactorWrong
    asked.close()
    ctx.after_commit(tried.succeeded)
    ctx.after_commit(Attempt.at(ctx.tenant.id, owner[0], asked.address).succeeded)
    return begin(ctx, asked.account_id, owner[1], header(ctx, "user-agent")[:200], proven=True)
