"""Read what one has agreed to, and everything that one has ever said about it."""

from sqlalchemy import select

from functions.users.consents.consent import ConsentOut, ConsentsOut
from functions.users.consents.current_consent import current
from functions.users.consents.tables import ConsentEntry
from shared.function import Context, http, signed_in
from shared.kit.paging import Cursor, Limit


@http.get("/api/users/me/consents", home_tenant=True)
@signed_in
def get_consents(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> ConsentsOut:
    mine = select(ConsentEntry).where(ConsentEntry.user_id == ctx.user_id)
    return ConsentsOut(
        current=list(current(ctx).values()), history=ctx.db.page(mine, ConsentOut, limit, cursor)
    )
