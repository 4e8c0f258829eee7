"""Give a new city tiles to begin with, those of the city it is cloned from or the usual ones; tiles that are
there stay.
"""

import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid5

from events.city import CityOnboarded
from functions.core.tiles.defaults import DEFAULTS
from functions.core.tiles.queries import ALL, ANY, CREATE
from shared.clone import rows_of
from shared.function import Context, on

Tile = tuple[dict[str, Any], dict[str, Any], str, str | None]


@on(CityOnboarded)
def create_default_tiles(ctx: Context, event: CityOnboarded) -> None:
    if not ctx.sql.run(ANY, tenant=ctx.tenant.id)[0][0]:
        create(ctx, rows_of(ctx, event.cloned_from_id, ALL) or usual(event.features))
        ctx.drop("tiles")


def usual(features: list[str]) -> list[Tile]:
    """The usual tiles, without those of modules that the city does not have."""
    return [
        (tile.titles, {}, tile.icon, tile.link)
        for tile in DEFAULTS
        if not tile.feature or tile.feature in features
    ]


def create(ctx: Context, tiles: Iterable[Any]) -> int:
    """Make these tiles, in their order and without pictures; how many are new, for their ids depend on the
    city and the place.
    """
    made = [
        ctx.sql.run(
            CREATE,
            id=uuid5(ctx.tenant.id, f"tile/{position}"),
            tenant=ctx.tenant.id,
            titles=json.dumps(titles),
            descriptions=json.dumps(descriptions),
            icon=icon,
            link=link,
            position=position,
        )
        for position, (titles, descriptions, icon, link) in enumerate(tiles, 1)
    ]
    return sum(map(len, made))
