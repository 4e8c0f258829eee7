"""Read the city's terms of use, in one's language where there is a text in it: those in force, or an earlier
version.
"""

from functions.users.terms.terms import NoTerms, TermsOut, Version
from functions.users.terms.terms_in_force import in_force, of_version
from shared.function import Context, http
from shared.schema import LanguageTag


@http.get("/api/users/terms", public=True, cache=("terms",), kept=True, raises=[NoTerms])
def get_terms(ctx: Context, language: LanguageTag | None = None, version: Version | None = None) -> TermsOut:
    terms = in_force(ctx) if version is None else of_version(ctx, version)
    chosen = terms.language(ctx, language)
    return TermsOut(
        version=terms.version,
        mandatory=terms.mandatory,
        languages=sorted(terms.texts),
        published_at=terms.published_at,
        language=chosen,
        text=terms.texts[chosen],
    )
