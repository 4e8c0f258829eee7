"""Take note of a city's mandatory terms, so that whoever has not accepted them may not write."""

from events.users import TermsPublished
from functions.city.cities.change_notice import make_known
from functions.city.cities.queries import FOLLOW_TERMS
from shared.function import Context, on


@on(TermsPublished)
def follow_terms(ctx: Context, event: TermsPublished) -> None:
    if event.mandatory:
        ctx.sql.run(FOLLOW_TERMS, id=ctx.tenant.id, version=event.terms_version)
        make_known(ctx, ctx.tenant)
