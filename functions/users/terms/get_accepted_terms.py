"""The newest version of a city's terms that a person has accepted, as a bare number; 0 for none
(shared/runtime/terms_gate.py asks).
"""

from uuid import UUID

from functions.users.terms.queries import ACCEPTED
from shared.errors import UnknownTenant
from shared.function import Context, http
from shared.tenancy import tenants


@http.get("/api/users/{user_id}/terms/accepted", internal=True, tenantless=True, raises=[UnknownTenant])
def get_accepted_terms(ctx: Context, user_id: UUID, tenant: UUID) -> int:
    ctx.enter(tenants.find(str(tenant)))
    found: int = ctx.sql.run(ACCEPTED, tenant=tenant, user=user_id)[0][0]
    return found
