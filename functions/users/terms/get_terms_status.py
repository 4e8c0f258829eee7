"""Read which terms of use one has accepted, and whether there are newer ones that one must."""

from functions.users.terms.reading import status
from functions.users.terms.terms import TermsStatus
from shared.function import Context, http, signed_in


@http.get("/api/users/me/terms", at_home=True)
@signed_in
def get_terms_status(ctx: Context) -> TermsStatus:
    return status(ctx)
