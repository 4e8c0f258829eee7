"""Show one thing at a point in time: what had happened to it, newest first, and the last known value of every
kept field.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.audit.entries.entry import EntityOut, ResourceType, after
from functions.audit.entries.queries import IN_ORDER, entity
from shared.errors import NotFound
from shared.function import Context, Json, http, requires
from shared.kit.paging import Cursor, Limit
from shared.schema import Moment

At = Annotated[Moment, Field(description="the point in time; now, where it is left out")]


@http.get("/api/audit/entities/{type}/{id}", raises=[NotFound])
@requires("audit:read")
def replay_entity(
    ctx: Context,
    type: ResourceType,
    id: UUID,
    at: At | None = None,
    limit: Limit = 20,
    cursor: Cursor | None = None,
) -> Json[EntityOut]:
    ctx.sql.queue(IN_ORDER)
    found = ctx.sql.json_or_none(
        entity(after=bool(cursor)),
        tenant=ctx.tenant.id,
        type=type,
        resource=id,
        as_of=at or ctx.now,
        limit=limit,
        **after(cursor),
    )
    if found is None:
        raise NotFound("Entity", id)
    return found
