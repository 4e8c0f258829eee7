"""Create a tile, after the ones that are there."""

from functions.core.tiles.queries import LAST
from functions.core.tiles.tables import Tile
from functions.core.tiles.tile import MOST, TileDetail, TileIn, TileNeverShown, TooManyTiles
from functions.core.tiles.tile_view import detail, require_media
from shared.function import Context, Json, http, requires
from shared.kit.ids import new_id


@http.post("/api/tiles", status=201, raises=[TooManyTiles, TileNeverShown])
@requires("tiles:write")
def create_tile(ctx: Context, tile: TileIn) -> Json[TileDetail]:
    ctx.lock("tiles")
    [[count, last]] = ctx.sql.run(LAST, tenant=ctx.tenant.id)
    if count >= MOST:
        raise TooManyTiles(limit=MOST)
    if tile.media_id:
        require_media(ctx, tile.media_id)
    row = Tile(id=new_id(), position=last + 1, created_at=ctx.now, updated_at=ctx.now, **tile.model_dump())
    ctx.db.add(row)
    ctx.drop("tiles")
    return detail(ctx, row.id)
