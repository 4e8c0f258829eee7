"""Keep where the city ends, and note of every listing whether it lies outside; an older boundary never
replaces a newer one.
"""

import json

from events.city import BoundarySet
from functions.core.boundary.outside import is_inside
from functions.core.boundary.queries import FLAG, PLACES, SAVE, UNFLAG
from shared.function import Context, on


@on(BoundarySet, timeout=120)
def flag_listings_outside(ctx: Context, event: BoundarySet) -> None:
    ctx.lock("boundary")
    geometry = json.dumps(event.geometry) if event.geometry else None
    said_at = ctx.event.time if ctx.event else ctx.now
    if not ctx.sql.run(SAVE, tenant=ctx.tenant.id, geometry=geometry, said_at=said_at):
        return
    if geometry is None:
        ctx.sql.run(UNFLAG, tenant=ctx.tenant.id)
        return
    places = ctx.sql.run(PLACES, tenant=ctx.tenant.id)
    flags = [not is_inside(geometry, lat, lon) for _, lat, lon in places]
    ctx.sql.run(FLAG, tenant=ctx.tenant.id, ids=[place[0] for place in places], flags=flags)
