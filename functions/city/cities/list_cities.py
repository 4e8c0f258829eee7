"""List the cities that take part, by name; with a place, those around it, nearest first."""

from typing import Annotated

from pydantic import Field

from functions.city.cities.city import CityNearby
from functions.city.cities.queries import NEARBY, PAGE
from shared.errors import ValidationFailed
from shared.function import Context, Json, http
from shared.kit.paging import Limit
from shared.schema import Page

After = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,63}$", description="`nextCursor` of the page before")]
State = Annotated[
    str, Field(min_length=1, max_length=100, description="federal state, as it is written in the city")
]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Metres = Annotated[int, Field(ge=1, le=500_000, description="radius in metres, at most 500,000")]


@http.get("/api/cities", public=True, cache=("cities",), kept=True, tenantless=True)
def list_cities(
    ctx: Context,
    limit: Limit = 20,
    cursor: After | None = None,
    state: State | None = None,
    lat: Latitude | None = None,
    lon: Longitude | None = None,
    radius: Metres = 50_000,
) -> Json[Page[CityNearby]]:
    if lat is not None and lon is not None:
        return ctx.sql.json(NEARBY, state=state, lat=lat, lon=lon, radius=radius, limit=limit)
    if lat is not None or lon is not None:
        missing, given = ("lon", "lat") if lon is None else ("lat", "lon")
        raise ValidationFailed.of(missing, "NEEDS_OTHER", other=given)
    return ctx.sql.json(PAGE, state=state, after=cursor or "", limit=limit)
