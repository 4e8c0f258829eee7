"""Find published listings around a point, nearest first."""

from typing import Annotated

from pydantic import Field

from functions.core.listings.listing import Latitude, ListingOut, Longitude
from functions.core.listings.queries import NEARBY
from shared.function import Context, Json, http
from shared.kit.paging import Limit
from shared.schema import Page

Metres = Annotated[int, Field(ge=1, le=50_000, description="radius in metres, at most 50,000")]


class ListingNearby(ListingOut):
    """A listing and how far away it is, in metres."""

    distance: int


@http.get("/api/listings/nearby", public=True, cache=("listings",), feature="poi_map", min_scale=1)
def nearby_listings(
    ctx: Context, lat: Latitude, lon: Longitude, radius: Metres = 1000, limit: Limit = 20
) -> Json[Page[ListingNearby]]:
    return ctx.sql.json(NEARBY, tenant=ctx.tenant.id, lat=lat, lon=lon, radius=radius, limit=limit)
