"""Where one is logged in, newest first."""

from functions.auth.sessions.session import SessionOut
from functions.auth.tables import Session
from shared.function import Context, http, signed_in
from shared.kit.paging import Cursor, Limit, decode, encode
from shared.schema import Page


@http.get("/api/auth/sessions", home_tenant=True)
@signed_in
def list_sessions(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[SessionOut]:
    from sqlalchemy import select, tuple_

    query = select(Session).where(
        Session.account_id == ctx.user_id, Session.revoked_at.is_(None), Session.expires_at > ctx.now
    )
    if cursor:
        query = query.where(tuple_(Session.created_at, Session.id) < decode(cursor))
    rows = ctx.db.scalars(query.order_by(Session.created_at.desc(), Session.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[row.shown_to(ctx.user.session_id) for row in rows[:limit]],
        next_cursor=encode(last.created_at, last.id) if last else None,
    )
