"""Follow the link of a registration: the account is opened, with the password of exactly this registration."""

from events.auth import UserCreated
from functions.auth.account import AccountOut
from functions.auth.accounts.new_account import open_account
from functions.auth.city_resolution import agreed_city
from functions.auth.one_time_tokens import LinkInvalid, hash_of, tenant_of
from functions.auth.registrations.queries import COMPLETE
from functions.auth.registrations.registration import Proof
from shared.auth.rbac import CITIZEN
from shared.function import Context, http


@http.post(
    "/api/auth/verify-email",
    public=True,
    tenantless=True,
    status=201,
    emits=[UserCreated],
    raises=[LinkInvalid],
)
def verify_email(ctx: Context, proof: Proof) -> AccountOut:
    ctx.enter(agreed_city(ctx, tenant_of(proof.token)))
    found = ctx.sql.one(COMPLETE, tenant=ctx.tenant.id, token_hash=hash_of(proof.token), now=ctx.now)
    if found is None:
        raise LinkInvalid
    email, name, password_hash, language = found
    return AccountOut.model_validate(
        open_account(ctx, email, name, password_hash, roles=[CITIZEN], language=language)
    )
