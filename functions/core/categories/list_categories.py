"""A city's categories as a tree, named in the reader's language, with the number of published listings in
each.
"""

from functions.core.categories.category import CategoryTree
from functions.core.categories.queries import TREE
from functions.core.reader_languages import languages
from shared.function import Context, Json, http
from shared.schema import Page


@http.get("/api/categories", public=True, cache=("categories", "listings"), kept=True, min_scale=1)
def list_categories(ctx: Context) -> Json[Page[CategoryTree]]:
    return ctx.sql.json(TREE, tenant=ctx.tenant.id, **languages(ctx))
