"""Who acted in whose name in this city, when and why, newest first."""

from functions.auth.impersonation.impersonation import ImpersonationOut
from functions.auth.impersonation.tables import Impersonation
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, Limit
from shared.schema import Page


@http.get("/api/auth/impersonations")
@requires("audit:read")
def list_impersonations(
    ctx: Context, limit: Limit = 20, cursor: Cursor | None = None
) -> Page[ImpersonationOut]:
    from sqlalchemy import select

    return ctx.db.page(select(Impersonation), ImpersonationOut, limit, cursor)
