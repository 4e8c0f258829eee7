"""Show a city's header image: a redirect to a signed link, good for an hour."""

from functions.city.cities.city import CityName
from functions.city.cities.directory import open_city
from functions.city.cities.queries import HEADER
from functions.city.headers.header import LINK_SECONDS
from shared.adapters import storage
from shared.errors import NotFound
from shared.function import Context, Response, http


@http.get(
    "/api/cities/{city}/header", public=True, tenantless=True, status=302, picture=True, raises=[NotFound]
)
def get_city_header(ctx: Context, city: CityName) -> Response:
    tenant = open_city(ctx, city)
    [[key]] = ctx.sql.run(HEADER, id=tenant.id)
    if key is None:
        raise NotFound("Header", city)
    link = storage.sign_get(tenant.id, key, LINK_SECONDS)
    headers = {"Location": link, "Cache-Control": f"public, max-age={LINK_SECONDS // 12}"}
    return Response(302, content_type="text/plain", headers=headers)
