"""Show a city's logo, as its mails do: the picture itself, kept for a day.

Mail programs fetch it through their own servers, often long after the mail: a signed link would have ended.
"""

from functions.city.cities.city import CityName
from functions.city.cities.directory import open_city
from functions.city.cities.queries import LOGO
from functions.city.logos.logo import CONTENT_TYPES
from shared.adapters import storage
from shared.errors import NotFound
from shared.function import Context, Response, http

KEPT = {"Cache-Control": "public, max-age=86400", "X-Content-Type-Options": "nosniff"}


@http.get(
    "/api/cities/{city}/logo", public=True, tenantless=True, picture=True, any_query=True, raises=[NotFound]
)
def get_city_logo(ctx: Context, city: CityName) -> Response:
    tenant = open_city(ctx, city)
    [[key]] = ctx.sql.run(LOGO, id=tenant.id)
    if key is None:
        raise NotFound("Logo", city)
    with ctx.released():
        content = storage.get(tenant.id, key)
    return Response(200, content, CONTENT_TYPES[key.rpartition(".")[2]], KEPT)
