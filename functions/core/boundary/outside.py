"""Whether a place lies outside the city; on the boundary is inside."""
from functools import lru_cache
from typing import TYPE_CHECKING

from functions.core.boundary.queries import GEOMETRY, HOLD
from functions.core.listings.listing import Location
from shared.context import Context

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def is_outside(ctx: Context, place: Location | None) -> bool | None:
    """None where there is no place, or the city has said no boundary."""
    if place is None:
        return None
    ctx.sql.later(HOLD, tenant=ctx.tenant.id)
    found = ctx.sql.one(GEOMETRY, tenant=ctx.tenant.id)
    return not is_inside(found[0], place.lat, place.lon) if found else None


def is_inside(geometry: str, lat: float, lon: float) -> bool:
    """Whether a place belongs to a GeoJSON geometry."""
    import shapely

    return bool(shapely.intersects_xy(prepared(geometry), lon, lat))


@lru_cache(64)
def prepared(geometry: str) -> "BaseGeometry":
    """A GeoJSON geometry, made ready for many questions."""
    import shapely

    shape = shapely.from_geojson(geometry)
    shapely.prepare(shape)
    return shape
