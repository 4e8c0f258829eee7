"""Change a tile's texts, symbol, picture, link or times."""

from uuid import UUID

from functions.core.tiles.tables import Tile
from functions.core.tiles.tile import TileChanges, TileDetail, TileNeverShown, check_times
from functions.core.tiles.tile_view import detail, require_media
from shared.function import Context, Json, http, requires


@http.patch("/api/tiles/{tile_id}", raises=[TileNeverShown], versioned=True)
@requires("tiles:write")
def update_tile(ctx: Context, tile_id: UUID, changes: TileChanges) -> Json[TileDetail]:
    row = ctx.db.get_or_404(Tile, tile_id, lock=True)
    ctx.refuse_outdated(row, "tile")
    if changes.media_id:
        require_media(ctx, changes.media_id)
    for field, value in changes.model_dump(exclude_unset=True).items():
        setattr(row, field, value)
    check_times(row.publish_at, row.expire_at)
    row.updated_at = ctx.now
    ctx.drop("tiles")
    return detail(ctx, tile_id)
