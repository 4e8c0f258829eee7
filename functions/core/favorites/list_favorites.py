"""One's favourites, the newest first; what is not to be seen at the moment is left out."""

from functions.core.favorites.favorite import FavoriteOut
from functions.core.favorites.queries import PAGE
from shared.function import Context, Json, http, signed_in
from shared.kit.paging import Cursor, Limit, decode
from shared.schema import Page


@http.get("/api/users/me/favorites")
@signed_in
def list_favorites(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Json[Page[FavoriteOut]]:
    time, last = decode(cursor) if cursor else (None, None)
    return ctx.sql.json(PAGE, tenant=ctx.tenant.id, user=ctx.user_id, limit=limit, time=time, last=last)
