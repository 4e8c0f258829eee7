"""What the services say to each other as AsyncAPI 3.

Gzip where it is accepted, and an ETag: 304 for whoever has it. May be kept for five minutes.
"""

from functions.platform.documentation.descriptions import whole
from shared.function import Context, Response, http


@http.get("/api/asyncapi.json", public=True, tenantless=True, picture=True)
def get_asyncapi(ctx: Context) -> Response:
    return whole("asyncapi.json").answer(ctx.request)
