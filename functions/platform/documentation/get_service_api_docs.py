"""The page on which people read about one service's addresses.

Gzip where it is accepted, and an ETag: 304 for whoever has it. May be kept for five minutes.
"""

from functions.platform.documentation.descriptions import SERVICES
from functions.platform.documentation.page import page
from shared.errors import NoSuchRoute
from shared.function import Context, Response, http


@http.get(
    "/api/{service}/docs", public=True, tenantless=True, picture=True, among=SERVICES, raises=[NoSuchRoute]
)
def get_service_api_docs(ctx: Context, service: str) -> Response:
    if service not in SERVICES:
        raise NoSuchRoute
    return page(service).answer(ctx.request)
