"""Delete a tile."""

from uuid import UUID

from functions.core.tiles.tables import Tile
from shared.function import Context, http, requires


@http.delete("/api/tiles/{tile_id}", status=204)
@requires("tiles:write")
def delete_tile(ctx: Context, tile_id: UUID) -> None:
    ctx.db.delete(ctx.db.get_or_404(Tile, tile_id, lock=True))
    ctx.drop("tiles")
