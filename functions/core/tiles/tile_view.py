"""Tiles as JSON for the reader who asks, and the check of a picture."""

from uuid import UUID

from functions.core.reader_languages import languages
from functions.core.tiles.queries import MEDIA, ONE
from functions.core.tiles.tile import TileDetail
from shared.context import Context
from shared.errors import NotFound, ValidationFailed
from shared.kit.http import Json


def detail(ctx: Context, tile_id: UUID) -> Json[TileDetail]:
    """One tile as it is in this transaction."""
    ctx.db.flush()
    return shown(ctx, tile_id)


def shown(ctx: Context, tile_id: UUID) -> Json[TileDetail]:
    """One tile; NotFound where the reader may not see it."""
    found = ctx.sql.json_or_none(
        ONE, tenant=ctx.tenant.id, id=tile_id, now=ctx.now, all=ctx.may("tiles:write"), **languages(ctx)
    )
    if found is None:
        raise NotFound("Tile", tile_id)
    return found


def require_media(ctx: Context, media_id: UUID) -> None:
    """ValidationFailed unless this is an uploaded file of the city."""
    if not ctx.sql.run(MEDIA, tenant=ctx.tenant.id, id=media_id)[0][0]:
        raise ValidationFailed.of("mediaId", "UNKNOWN_REFERENCE", id=media_id)
