"""Read one listing, by its id or its slug."""

from typing import Annotated

from pydantic import StringConstraints

from functions.core.listings.listing import ListingOut
from functions.core.listings.queries import BY_SLUG, ONE
from shared.errors import NotFound
from shared.function import Context, Json, http
from shared.kit.ids import is_id

Name = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,100}$")]


@http.get("/api/listings/{listing_id}", public=True, cache=("listings",), raises=[NotFound], min_scale=1)
def get_listing(ctx: Context, listing_id: Name) -> Json[ListingOut]:
    query = ONE if is_id(listing_id) else BY_SLUG
    found = ctx.sql.json_or_none(
        query,
        id=listing_id,
        slug=listing_id,
        tenant=ctx.tenant.id,
        caller=ctx.user.id,
        all=ctx.may("listings:approve"),
    )
    if found is None:
        raise NotFound("Listing", listing_id)
    return found
