"""The moderation queue: what waits for approval, oldest first."""
from functions.core.listings.listing import ListingOut, Status
from functions.core.listings.tables import Listing
from shared.function import Context, http, requires
from shared.paging import Cursor, Limit, decode, encode
from shared.schema import Page


@http.get("/api/listings/pending")
@requires("listings:approve")
def list_pending_listings(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[ListingOut]:
    from sqlalchemy import select, tuple_

    query = select(Listing).where(Listing.status == Status.PENDING).order_by(Listing.created_at, Listing.id).limit(limit + 1)
    if cursor:
        query = query.where(tuple_(Listing.created_at, Listing.id) > decode(cursor))
    rows = ctx.db.scalars(query).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=[ListingOut.model_validate(row) for row in rows[:limit]],
                next_cursor=encode(last.created_at, last.id) if last else None)
