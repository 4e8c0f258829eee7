"""Who can decide about all others in a city, or on the platform, and can log in at this moment; the users
service asks.
"""

from uuid import UUID

from shared.auth.last_admin import chief
from shared.function import Context, Json, http

FIND = """SELECT coalesce(json_agg(id), '[]')::text FROM accounts
 WHERE tenant_id = :tenant AND state = 'active' AND roles @> ARRAY[CAST(:role AS text)]"""


@http.get("/api/internal/auth/lead-admins", internal=True)
def list_lead_admins(ctx: Context) -> Json[list[UUID]]:
    return ctx.sql.json(FIND, tenant=ctx.tenant.id, role=chief(ctx.tenant.id))
