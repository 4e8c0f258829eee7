"""Set up a second factor, or move it to another device; nothing changes until it is confirmed with a code."""

from functions.auth.factors.codes import address, new_secret
from functions.auth.factors.factor import Enrolment, PasswordAndCode, ProofWrong
from functions.auth.factors.proof import proven
from functions.auth.factors.queries import ENROL
from functions.auth.sessions.throttle import TooManyAttempts
from shared.errors import NotFound
from shared.function import Context, http, signed_in
from shared.kit.ids import new_id
from shared.kit.sealing import seal


@http.post(
    "/api/auth/second-factor",
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    never_stored=True,
    status=201,
    raises=[NotFound, ProofWrong, TooManyAttempts],
)
@signed_in
def enrol_second_factor(ctx: Context, given: PasswordAndCode) -> Enrolment:
    account = proven(ctx, given)
    secret = new_secret()
    ctx.sql.run(
        ENROL, tenant=ctx.tenant.id, id=new_id(), account=account.id, pending=seal(secret, account.id)
    )
    return Enrolment(secret=secret, uri=address(secret, account.address, ctx.tenant.name))
