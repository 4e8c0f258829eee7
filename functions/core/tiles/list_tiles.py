"""List a city's tiles in their order, in the reader's language; admins also those that are not shown now."""

from functions.core.reader_languages import languages
from functions.core.tiles.queries import LIST
from functions.core.tiles.tile import TileOut
from shared.errors import Forbidden
from shared.function import Context, Json, http
from shared.schema import Page


@http.get("/api/tiles", public=True, cache=("tiles",), kept=True, raises=[Forbidden], min_scale=1)
def list_tiles(ctx: Context, *, unpublished: bool = False) -> Json[Page[TileOut]]:
    if unpublished and not ctx.may("tiles:write"):
        raise Forbidden(permission="tiles:write")
    return ctx.sql.json(
        LIST,
        tenant=ctx.tenant.id,
        now=ctx.now,
        all=unpublished,
        **languages(ctx),
    )
