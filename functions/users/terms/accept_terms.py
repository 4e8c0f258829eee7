"""Accept the terms of use in force."""

from functools import partial

from events.users import TermsAccepted
from functions.users.terms.queries import ACCEPT
from functions.users.terms.terms import Acceptance, NoTerms, TermsOutdated, TermsStatus
from functions.users.terms.terms_in_force import in_force, status
from shared.function import Context, http, signed_in
from shared.kit.ids import new_id
from shared.runtime.terms_gate import has_accepted


@http.post(
    "/api/users/me/terms",
    home_tenant=True,
    in_person=True,
    exempt_from_terms=True,
    emits=[TermsAccepted],
    raises=[NoTerms, TermsOutdated],
)
@signed_in
def accept_terms(ctx: Context, acceptance: Acceptance) -> TermsStatus:
    terms = in_force(ctx)
    if acceptance.version != terms.version:
        raise TermsOutdated(version=terms.version)
    if ctx.sql.run(
        ACCEPT,
        id=new_id(),
        tenant=ctx.tenant.id,
        user=ctx.user_id,
        version=terms.version,
        language=terms.language(ctx, acceptance.language),
        now=ctx.now,
    ):
        ctx.emit(TermsAccepted(user_id=ctx.user_id, terms_version=terms.version))
    ctx.after_commit(partial(has_accepted, ctx.tenant.id, ctx.user_id))
    return status(ctx)
