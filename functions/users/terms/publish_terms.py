"""Publish a new version of the city's terms of use; whoever has not accepted a mandatory one reads on, but
does not write.
"""

import json

from events.users import TermsPublished
from functions.users.terms.queries import PUBLISH
from functions.users.terms.terms import PublishedTerms, TermsIn, TermsPublishedMeanwhile, TermsTextMissing
from shared.function import Context, http, requires
from shared.kit.ids import new_id


@http.post(
    "/api/users/terms",
    status=201,
    emits=[TermsPublished],
    raises=[TermsTextMissing, TermsPublishedMeanwhile],
    exempt_from_terms=True,
)
@requires("terms:publish")
def publish_terms(ctx: Context, terms: TermsIn) -> PublishedTerms:
    if ctx.tenant.language not in terms.texts:
        raise TermsTextMissing(language=ctx.tenant.language)
    made = ctx.sql.one(
        PUBLISH,
        id=new_id(),
        tenant=ctx.tenant.id,
        mandatory=terms.mandatory,
        texts=json.dumps(terms.texts),
        by=ctx.user_id,
        now=ctx.now,
    )
    if made is None:
        raise TermsPublishedMeanwhile
    ctx.drop("terms")
    ctx.emit(TermsPublished(terms_version=made[0], mandatory=terms.mandatory))
    return PublishedTerms(
        version=made[0], mandatory=terms.mandatory, languages=sorted(terms.texts), published_at=ctx.now
    )
