"""Give a new city categories to begin with, those of the city it is cloned from or the usual ones; what is
there stays.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from events.city import CityOnboarded
from functions.core.categories.defaults import DEFAULTS
from functions.core.categories.queries import ALL, ANY, CREATE
from shared.clone import rows_of
from shared.function import Context, on


class Heading(NamedTuple):
    """A category to be made; parents come before their children."""

    slug: str
    parent: str | None
    names: dict[str, Any]
    icon: str
    position: int


@on(CityOnboarded)
def create_default_categories(ctx: Context, event: CityOnboarded) -> None:
    if ctx.sql.run(ANY, tenant=ctx.tenant.id)[0][0]:
        return
    for heading in [Heading(*row) for row in rows_of(ctx, event.cloned_from_id, ALL)] or usual():
        create(ctx, heading)
    ctx.drop("categories")


def usual() -> Iterator[Heading]:
    """The usual categories."""
    for position, default in enumerate(DEFAULTS, 1):
        yield Heading(default.slug, None, default.names, default.icon, position)
        for place, child in enumerate(default.children, 1):
            yield Heading(child.slug, default.slug, child.names, child.icon, place)


def create(ctx: Context, heading: Heading) -> None:
    """Queue one category; all of them travel with the commit."""
    ctx.sql.queue(
        CREATE,
        id=identity(ctx, heading.slug),
        tenant=ctx.tenant.id,
        slug=heading.slug,
        icon=heading.icon,
        parent_id=heading.parent and identity(ctx, heading.parent),
        names=json.dumps(heading.names),
        position=heading.position,
    )


def identity(ctx: Context, slug: str) -> UUID:
    """The id of a new city's category; a child names its parent by it before either is there."""
    return uuid5(ctx.tenant.id, f"category/{slug}")
