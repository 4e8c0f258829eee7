"""List what happened in a city, newest first: by whom, to what, of which kind, in which period."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.audit.entries.entry import Action, EntryOut, ResourceType, Since, Until, after
from functions.audit.entries.queries import IN_ORDER, entry_page
from shared.function import Context, Json, http, requires
from shared.kit.paging import Cursor, Limit
from shared.schema import Page

Count = Annotated[bool, Field(description="say the `total` too, which counts to 10,000 and no further")]


@http.get("/api/audit")
@requires("audit:read")
def list_audit_entries(
    ctx: Context,
    limit: Limit = 20,
    cursor: Cursor | None = None,
    actor: UUID | None = None,
    impersonator: UUID | None = None,
    resource_type: ResourceType | None = None,
    resource_id: UUID | None = None,
    action: Action | None = None,
    from_: Since | None = None,
    to: Until | None = None,
    *,
    count: Count = False,
) -> Json[Page[EntryOut]]:
    given = {
        "actor": actor,
        "impersonator": impersonator,
        "type": resource_type,
        "resource": resource_id,
        "action": action,
        "since": from_,
        "until": to,
    }
    filters = {name: value for name, value in given.items() if value is not None}
    query = entry_page(frozenset(filters), after=bool(cursor), count=count)
    ctx.sql.queue(IN_ORDER)
    return ctx.sql.json(query, tenant=ctx.tenant.id, limit=limit, **filters, **after(cursor))
