"""Put all tiles of a city into a new order."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.core.reader_languages import languages
from functions.core.tiles.queries import IDS, LIST, ORDER
from functions.core.tiles.tile import MOST, TileOut, TilesIncomplete
from shared.function import Context, Json, http, requires
from shared.schema import Page, Schema


class TileOrder(Schema):
    """The ids of all tiles, the first one first."""

    ids: Annotated[list[UUID], Field(max_length=MOST)]


@http.put("/api/tiles/order", raises=[TilesIncomplete])
@requires("tiles:write")
def reorder_tiles(ctx: Context, order: TileOrder) -> Json[Page[TileOut]]:
    ctx.lock("tiles")
    present = [str(row[0]) for row in ctx.sql.run(IDS, tenant=ctx.tenant.id)]
    if sorted(present) != sorted(map(str, order.ids)):
        raise TilesIncomplete
    ctx.sql.run(ORDER, tenant=ctx.tenant.id, ids=order.ids, now=ctx.now)
    ctx.drop("tiles")
    return ctx.sql.json(
        LIST,
        tenant=ctx.tenant.id,
        now=ctx.now,
        all=True,
        **languages(ctx),
    )
