"""Read one category with its sub-categories, by its id or its slug."""

import re
from typing import Annotated

from pydantic import StringConstraints

from functions.core.categories.category import CategoryDetail
from functions.core.categories.queries import ONE
from shared.errors import NotFound
from shared.function import Context, Json, http

ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
Name = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,100}$")]


@http.get("/api/categories/{category}", public=True, cache=("categories", "listings"), raises=[NotFound])
def get_category(ctx: Context, category: Name) -> Json[CategoryDetail]:
    by_id = category if ID.fullmatch(category) else None
    found = ctx.sql.json_or_none(
        ONE,
        tenant=ctx.tenant.id,
        id=by_id,
        slug=category,
        language=ctx.language,
        own_language=ctx.tenant.language,
    )
    if found is None:
        raise NotFound("Category", category)
    return found
