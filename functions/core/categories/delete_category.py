"""Delete an empty category."""

from uuid import UUID

from functions.core.categories.category import CategoryNotEmpty
from functions.core.categories.queries import HELD
from functions.core.categories.tables import Category
from shared.function import Context, http, requires


@http.delete("/api/categories/{category_id}", status=204, raises=[CategoryNotEmpty])
@requires("categories:write")
def delete_category(ctx: Context, category_id: UUID) -> None:
    category = ctx.db.get_or_404(Category, category_id, lock=True)
    listings, children = ctx.sql.run(HELD, tenant=ctx.tenant.id, id=category_id)[0]
    if listings or children:
        raise CategoryNotEmpty(listings=listings, children=children)
    ctx.db.delete(category)
    ctx.drop("categories")
