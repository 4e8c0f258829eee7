"""One service's addresses as OpenAPI 3.1.

Gzip where it is accepted, and an ETag: 304 for whoever has it. May be kept for five minutes.
"""

from functions.platform.documentation.descriptions import SERVICES, of_service
from shared.errors import NoSuchRoute
from shared.function import Context, Response, http


@http.get(
    "/api/{service}/openapi.json",
    public=True,
    tenantless=True,
    picture=True,
    among=SERVICES,
    raises=[NoSuchRoute],
)
def get_service_openapi(ctx: Context, service: str) -> Response:
    if service not in SERVICES:
        raise NoSuchRoute
    return of_service(service).answer(ctx.request)
