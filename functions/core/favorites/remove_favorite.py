"""Take a listing off one's favourites; one that is not among them is no error."""

from uuid import UUID

from functions.core.favorites.queries import REMOVE
from shared.function import Context, http, signed_in


@http.delete("/api/users/me/favorites/{listing_id}", status=204)
@signed_in
def remove_favorite(ctx: Context, listing_id: UUID) -> None:
    ctx.sql.run(REMOVE, tenant=ctx.tenant.id, user=ctx.user_id, listing=listing_id)
