"""List what a city shows, newest first; authors also see their own, admins everything, in any state."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.core.listings.listing import ListingOut, Status
from functions.core.listings.queries import listing_page
from shared.errors import Forbidden
from shared.function import Context, Json, http
from shared.kit.paging import Cursor, Ids, Limit, decode
from shared.schema import Page

Tag = Annotated[str, Field(min_length=1, max_length=50)]


@http.get("/api/listings", public=True, cache=("listings",), kept=True, raises=[Forbidden], min_scale=1)
def list_listings(
    ctx: Context,
    limit: Limit = 20,
    cursor: Cursor | None = None,
    category: UUID | None = None,
    tag: Tag | None = None,
    status: Status = Status.PUBLISHED,
    ids: Ids | None = None,
    *,
    mine: bool = False,
    count: bool = False,
) -> Json[Page[ListingOut]]:
    if status != Status.PUBLISHED and not mine and not ctx.may("listings:approve"):
        raise Forbidden(permission="listings:approve")
    given = {"category": category, "tag": tag, "author": ctx.user_id if mine else None, "ids": ids}
    filters = {name: value for name, value in given.items() if value is not None}
    after = dict(zip(("time", "last"), decode(cursor), strict=True)) if cursor else {}
    query = listing_page(status, frozenset(filters), after=bool(cursor), count=count)
    return ctx.sql.json(query, tenant=ctx.tenant.id, limit=limit, **filters, **after)
