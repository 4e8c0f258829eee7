"""What a new city takes over from the one that it is cloned from: headings and looks, never people or
content.
"""

from typing import Any
from uuid import UUID

from shared.context import Context
from shared.db.pg import Row
from shared.tenancy import tenants


def rows_of(ctx: Context, source_id: UUID | None, sql: str, **values: Any) -> list[Row]:
    """Rows of the city that this one is cloned from, read as that city; none where there is no such city.

    Only for what the platform itself has said: which city it is must never come from a caller.
    """
    source, home = tenants.lookup(str(source_id)) if source_id else None, ctx.tenant
    if source is None:
        return []
    ctx.enter(source)
    found = ctx.sql.run(sql, tenant=source.id, **values)
    ctx.enter(home)
    return found
