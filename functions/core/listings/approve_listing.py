"""Approve a pending listing, so that everyone can see it."""

from uuid import UUID

from events.core import ContentPublished, ListingApproved
from functions.core.listings.listing import ListingNotPending, ListingOut
from functions.core.listings.tables import Listing
from shared.function import Context, http, requires


@http.patch(
    "/api/listings/{listing_id}/approve",
    emits=[ListingApproved, ContentPublished],
    raises=[ListingNotPending],
)
@requires("listings:approve")
def approve_listing(ctx: Context, listing_id: UUID) -> ListingOut:
    listing = ctx.db.get_or_404(Listing, listing_id, lock=True)
    listing.approve(by=ctx.user_id, at=ctx.now)
    ctx.emit(ListingApproved(listing_id=listing.id, title=listing.title, contributor_id=listing.created_by))
    ctx.drop("listings")
    ctx.emit(ContentPublished(kind="listing", content_id=listing.id))
    return ListingOut.model_validate(listing)
