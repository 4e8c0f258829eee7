"""Categories as JSON for the reader who asks, and the check of a parent."""

from uuid import UUID

from functions.core.categories.category import CategoryDetail, CategoryTooDeep
from functions.core.categories.queries import ONE
from functions.core.categories.tables import Category
from functions.core.reader_languages import languages
from shared.context import Context
from shared.errors import ValidationFailed
from shared.kit.http import Json


def detail(ctx: Context, category_id: UUID) -> Json[CategoryDetail]:
    """One category as it is in this transaction."""
    ctx.db.flush()
    return ctx.sql.json(ONE, tenant=ctx.tenant.id, id=category_id, slug=None, **languages(ctx))


def require_parent(ctx: Context, parent_id: UUID) -> None:
    """A category of the first level, held until the transaction ends; ValidationFailed or CategoryTooDeep
    otherwise.
    """
    parent = ctx.db.get(Category, parent_id, with_for_update=True)
    if parent is None:
        raise ValidationFailed.of("parentId", "UNKNOWN_REFERENCE", id=parent_id)
    if parent.parent_id is not None:
        raise CategoryTooDeep
