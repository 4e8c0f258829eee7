"""Create a category, or with a parent a sub-category."""

import json

from functions.core.categories.category import CategoryDetail, CategoryExists, CategoryIn, CategoryTooDeep
from functions.core.categories.category_view import detail, require_parent
from functions.core.categories.queries import CREATE
from functions.core.listings.listing import slug_for
from shared.function import Context, Json, http, requires
from shared.kit.ids import new_id


@http.post("/api/categories", status=201, raises=[CategoryExists, CategoryTooDeep])
@requires("categories:write")
def create_category(ctx: Context, category: CategoryIn) -> Json[CategoryDetail]:
    if category.parent_id:
        require_parent(ctx, category.parent_id)
    category_id = new_id()
    slug = category.slug or slug_for(next(iter(category.names.values())))
    made = ctx.sql.run(
        CREATE,
        id=category_id,
        tenant=ctx.tenant.id,
        parent_id=category.parent_id,
        slug=slug,
        names=json.dumps(category.names),
        icon=category.icon,
        position=category.position,
    )
    if not made:
        raise CategoryExists(slug=slug)
    ctx.drop("categories")
    return detail(ctx, category_id)
