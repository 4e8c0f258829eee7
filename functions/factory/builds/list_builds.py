"""List a city's builds, newest first."""

from sqlalchemy import select

from functions.factory.builds.build import BuildOut
from functions.factory.tables import Build
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, Limit
from shared.schema import Page


@http.get("/api/builds")
@requires("builds:read")
def list_builds(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[BuildOut]:
    return ctx.db.page(select(Build), BuildOut, limit, cursor)
