"""Nobody shuts out, and nobody is, the last lead admin of a city who can log in, or the platform's last super
admin.
"""

import json
from uuid import UUID

from functions.users.profiles.tables import Profile
from shared.auth.last_admin import LastAdmin, chief, is_needed
from shared.context import Context
from shared.peers import internal_calls

OTHERS = """SELECT 1 FROM profiles WHERE tenant_id = :tenant AND id <> :id AND id = ANY(CAST(:able AS uuid[]))
 AND state = 'active' AND roles @> ARRAY[CAST(:role AS text)] LIMIT 1"""


def keep_one(ctx: Context, person: Profile) -> None:
    """LastAdmin where nobody else could decide about all others; of those who leave at once one waits for the
    other.

    Whoever shuts out another is left. When somebody leaves by themselves, the auth service says who else
    could get in.
    """
    role = chief(ctx.tenant.id)
    if role not in person.roles or not is_needed(ctx.tenant.id, ctx.user):
        return
    able = [ctx.user_id] if ctx.user_id != person.id else lead_admins(ctx)
    ctx.lock("leaving")
    if not ctx.sql.run(OTHERS, tenant=ctx.tenant.id, id=person.id, able=able, role=role):
        raise LastAdmin


def lead_admins(ctx: Context) -> list[UUID]:
    """Who is one and can log in, as the auth service knows it."""
    return [
        UUID(found)
        for found in json.loads(internal_calls.ask("/api/internal/auth/lead-admins", ctx.tenant.id) or b"[]")
    ]
