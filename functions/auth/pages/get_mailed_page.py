"""The page that a mail leads to, or its script, style or texts.

The token stands behind the #, which no server sees; the page posts it when its reader presses the button.
What mail systems append to links (`?utm_source=…`) means nothing. Gzip where it is accepted, and an ETag: 304
for whoever has it. May be kept for five minutes.
"""

from typing import Annotated

from pydantic import StringConstraints

from functions.auth.pages.pages import FILES, page
from shared.errors import NotFound
from shared.function import Context, Response, http


@http.get("/links/{name}", public=True, tenantless=True, picture=True, any_query=True, raises=[NotFound])
def get_mailed_page(ctx: Context, name: Annotated[str, StringConstraints(max_length=20)]) -> Response:
    if name not in FILES:
        raise NotFound
    return page(name).answer(ctx.request)
