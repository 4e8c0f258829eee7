"""Read one category with its sub-categories, by its id or its slug."""

from typing import Annotated

from pydantic import StringConstraints

from functions.core.categories.category import CategoryDetail
from functions.core.categories.queries import ONE
from functions.core.reader_languages import languages
from shared.errors import NotFound
from shared.function import Context, Json, http
from shared.kit.ids import is_id

Name = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,100}$")]


@http.get(
    "/api/categories/{category}",
    public=True,
    cache=("categories", "listings"),
    raises=[NotFound],
    versioned=True,
)
def get_category(ctx: Context, category: Name) -> Json[CategoryDetail]:
    by_id = category if is_id(category) else None
    found = ctx.sql.json_or_none(
        ONE,
        tenant=ctx.tenant.id,
        id=by_id,
        slug=category,
        **languages(ctx),
    )
    if found is None:
        raise NotFound("Category", category)
    return found
