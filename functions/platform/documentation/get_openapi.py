"""All public addresses as OpenAPI 3.1.

Gzip where it is accepted, and an ETag: 304 for whoever has it. May be kept for five minutes.
"""

from functions.platform.documentation.descriptions import whole
from shared.function import Context, Response, http


@http.get("/api/openapi.json", public=True, tenantless=True, picture=True)
def get_openapi(ctx: Context) -> Response:
    return whole("openapi.json").answer(ctx.request)
