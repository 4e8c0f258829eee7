"""List a city's builds, newest first."""
from sqlalchemy import select, tuple_

from functions.factory.builds.build import BuildOut
from functions.factory.tables import Build
from shared.function import Context, http, requires
from shared.paging import Cursor, Limit, decode, encode
from shared.schema import Page


@http.get("/api/builds")
@requires("builds:read")
def list_builds(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[BuildOut]:
    query = select(Build).order_by(Build.created_at.desc(), Build.id.desc()).limit(limit + 1)
    if cursor:
        query = query.where(tuple_(Build.created_at, Build.id) < decode(cursor))
    rows = ctx.db.scalars(query).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=[BuildOut.model_validate(row) for row in rows[:limit]],
                next_cursor=encode(last.created_at, last.id) if last else None)
