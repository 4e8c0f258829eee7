"""Whether a place lies outside the city; on the boundary is inside."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


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
