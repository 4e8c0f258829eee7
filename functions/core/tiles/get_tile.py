"""Read one tile with its texts in all languages; one that is not shown now exists for admins only."""

from uuid import UUID

from functions.core.tiles.tile import TileDetail
from functions.core.tiles.tile_view import shown
from shared.errors import NotFound
from shared.function import Context, Json, http


@http.get("/api/tiles/{tile_id}", public=True, cache=("tiles",), raises=[NotFound], versioned=True)
def get_tile(ctx: Context, tile_id: UUID) -> Json[TileDetail]:
    return shown(ctx, tile_id)
