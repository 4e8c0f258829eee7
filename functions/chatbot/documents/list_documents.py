"""List what the chatbot has read, newest first."""
from sqlalchemy import select, tuple_

from functions.chatbot.documents.document import DocumentOut
from functions.chatbot.documents.tables import Document
from shared.function import Context, http, requires
from shared.paging import Cursor, Limit, decode, encode
from shared.schema import Page


@http.get("/api/chatbot/documents", feature="chatbot")
@requires("chatbot:manage")
def list_documents(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[DocumentOut]:
    query = select(Document).order_by(Document.created_at.desc(), Document.id.desc()).limit(limit + 1)
    if cursor:
        query = query.where(tuple_(Document.created_at, Document.id) < decode(cursor))
    rows = ctx.db.scalars(query).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=[DocumentOut.model_validate(row) for row in rows[:limit]],
                next_cursor=encode(last.created_at, last.id) if last else None)
