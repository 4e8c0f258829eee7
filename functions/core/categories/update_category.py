"""Change a category's names, symbol or place in the tree."""

from uuid import UUID

from functions.core.categories.category import CategoryChanges, CategoryDetail, CategoryTooDeep
from functions.core.categories.category_view import detail, require_parent
from functions.core.categories.queries import HELD
from functions.core.categories.tables import Category
from shared.function import Context, Json, http, requires


@http.patch("/api/categories/{category_id}", raises=[CategoryTooDeep], versioned=True)
@requires("categories:write")
def update_category(ctx: Context, category_id: UUID, changes: CategoryChanges) -> Json[CategoryDetail]:
    row = ctx.db.get_or_404(Category, category_id, lock=True)
    ctx.refuse_outdated(row, "category")
    if changes.parent_id:
        _listings, children = ctx.sql.run(HELD, tenant=ctx.tenant.id, id=category_id)[0]
        if children or changes.parent_id == category_id:
            raise CategoryTooDeep
        require_parent(ctx, changes.parent_id)
    for field, value in changes.model_dump(exclude_unset=True).items():
        setattr(row, field, value)
    row.updated_at = ctx.now
    ctx.drop("categories")
    return detail(ctx, category_id)
