"""The moderation queue: what waits for approval, oldest first; with `outside` only what lies outside the
city, or inside.
"""

from sqlalchemy import select

from functions.core.listings.listing import ListingOut, Status
from functions.core.listings.tables import Listing
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, Limit
from shared.schema import Page


@http.get("/api/listings/pending")
@requires("listings:approve")
def list_pending_listings(
    ctx: Context, limit: Limit = 20, cursor: Cursor | None = None, *, outside: bool | None = None
) -> Page[ListingOut]:
    waiting = select(Listing).where(Listing.status == Status.PENDING)
    if outside is not None:
        waiting = waiting.where(Listing.outside_boundary.is_(outside))
    return ctx.db.page(waiting, ListingOut, limit, cursor, oldest_first=True)
