"""Read which terms of use one has accepted, and whether there are newer ones that one must."""

from functions.users.terms.terms import TermsStatus
from functions.users.terms.terms_in_force import status
from shared.function import Context, http, signed_in


@http.get("/api/users/me/terms", home_tenant=True)
@signed_in
def get_terms_status(ctx: Context) -> TermsStatus:
    return status(ctx)
