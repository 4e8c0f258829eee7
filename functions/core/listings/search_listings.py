"""Search a city's listings: full text in the city's language, words may be unfinished, best match first."""

import re
from typing import Annotated

from pydantic import Field

from functions.core.listings.listing import ListingOut
from functions.core.listings.queries import SEARCH
from shared.function import Context, Json, http
from shared.kit.languages import LANGUAGES
from shared.kit.paging import Limit
from shared.schema import Page

Text = Annotated[str, Field(min_length=1, max_length=200, description="what to look for")]
Offset = Annotated[int, Field(ge=0, le=1000, description="`nextCursor` of the page before")]


@http.get("/api/listings/search", public=True, cache=("listings",), min_scale=1)
def search_listings(ctx: Context, q: Text, limit: Limit = 20, cursor: Offset = 0) -> Json[Page[ListingOut]]:
    words = LANGUAGES[ctx.tenant.language].dictionary
    return ctx.sql.json(
        SEARCH, tenant=ctx.tenant.id, dictionary=words, query=as_tsquery(q), limit=limit, offset=cursor
    )


def as_tsquery(text: str) -> str:
    """Every word must occur, each may go on: `Schwimm` finds Schwimmbad. Only letters and digits reach
    Postgres.
    """
    return " & ".join(f"{word}:*" for word in re.findall(r"[^\W_]+", text)[:10])
