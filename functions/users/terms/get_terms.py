"""Read the city's terms of use in force, in one's language where there is a text in it."""

from functions.users.terms.reading import in_force
from functions.users.terms.terms import NoTerms, TermsOut
from shared.function import Context, http
from shared.schema import LanguageTag


@http.get("/api/users/terms", public=True, raises=[NoTerms])
def get_terms(ctx: Context, language: LanguageTag | None = None) -> TermsOut:
    terms = in_force(ctx)
    chosen = terms.language(ctx, language)
    return TermsOut(
        version=terms.version,
        mandatory=terms.mandatory,
        languages=sorted(terms.texts),
        published_at=terms.published_at,
        language=chosen,
        text=terms.texts[chosen],
    )
