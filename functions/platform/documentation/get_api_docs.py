"""The page on which people read about all addresses.

Gzip where it is accepted, and an ETag: 304 for whoever has it. May be kept for five minutes.
"""

from functions.platform.documentation.page import page
from shared.function import Context, Response, http


@http.get("/api/docs", public=True, tenantless=True, picture=True)
def get_api_docs(ctx: Context) -> Response:
    return page().answer(ctx.request)
