"""List who has last changed one thing, newest first: for somebody who edits it, too, and comes too late."""

from datetime import datetime
from uuid import UUID

from functions.audit.entries.entry import ResourceType
from functions.audit.entries.queries import IN_ORDER, RECENT
from shared.function import Context, Json, http
from shared.schema import Page, Schema


class ChangeOut(Schema):
    """One change of a thing's row."""

    by: UUID | None
    at: datetime
    fields: list[str]


@http.get("/api/internal/audit/changes", internal=True)
def list_recent_changes(
    ctx: Context, resource_type: ResourceType, resource_id: UUID
) -> Json[Page[ChangeOut]]:
    ctx.sql.queue(IN_ORDER)
    return ctx.sql.json(RECENT, tenant=ctx.tenant.id, type=resource_type, resource=resource_id)
