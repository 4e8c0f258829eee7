"""Keep a listing at hand; to do so again changes nothing."""

from uuid import UUID

from functions.core.favorites.queries import ADD
from shared.errors import NotFound
from shared.function import Context, http, signed_in
from shared.kit.ids import new_id


@http.put("/api/users/me/favorites/{listing_id}", status=204, raises=[NotFound])
@signed_in
def add_favorite(ctx: Context, listing_id: UUID) -> None:
    if not ctx.sql.run(
        ADD, id=new_id(), tenant=ctx.tenant.id, user=ctx.user_id, listing=listing_id, now=ctx.now
    ):
        raise NotFound("Listing", listing_id)
