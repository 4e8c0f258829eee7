"""Give a new city categories to begin with; a city that has some already keeps those."""
import json
from uuid import UUID

from events.city import CityOnboarded
from functions.core.categories.defaults import DEFAULTS, Default
from functions.core.categories.queries import ANY, CREATE
from shared.function import Context, on
from shared.ids import new_id


@on(CityOnboarded)
def create_default_categories(ctx: Context, event: CityOnboarded) -> None:  # noqa: ARG001 (the tenant says it all)
    if ctx.sql.run(ANY, tenant=ctx.tenant.id)[0][0]:
        return
    for position, default in enumerate(DEFAULTS, 1):
        parent = create(ctx, default, position, None)
        for place, child in enumerate(default.children, 1):
            create(ctx, child, place, parent)


def create(ctx: Context, default: Default, position: int, parent_id: UUID | None) -> UUID:
    """Queue one category; all of them travel with the commit."""
    category_id = new_id()
    ctx.sql.later(CREATE, id=category_id, tenant=ctx.tenant.id, parent_id=parent_id, slug=default.slug,
                  names=json.dumps(default.names), icon=default.icon, position=position)
    return category_id
