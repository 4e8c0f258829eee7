"""Reject a pending listing, with a reason that its author is told."""

from typing import Annotated
from uuid import UUID

from events.core import ListingRejected
from functions.core.listings.listing import ListingNotPending, ListingOut
from functions.core.listings.tables import Listing
from shared.function import Context, http, requires
from shared.schema import Schema, text


class Rejection(Schema):
    reason: Annotated[str, text(2_000, 3)]


@http.patch("/api/listings/{listing_id}/reject", emits=[ListingRejected], raises=[ListingNotPending])
@requires("listings:approve")
def reject_listing(ctx: Context, listing_id: UUID, rejection: Rejection) -> ListingOut:
    listing = ctx.db.get_or_404(Listing, listing_id, lock=True)
    listing.reject(by=ctx.user_id, at=ctx.now, reason=rejection.reason)
    ctx.emit(
        ListingRejected(
            listing_id=listing.id,
            title=listing.title,
            contributor_id=listing.created_by,
            reason=rejection.reason,
        )
    )
    return ListingOut.model_validate(listing)
