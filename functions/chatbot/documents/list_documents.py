"""List what the chatbot has read, newest first."""

from functools import partial

from sqlalchemy import select

from functions.chatbot.documents.document import DocumentOut
from functions.chatbot.documents.document_view import shown
from functions.chatbot.documents.tables import Document
from shared.function import Context, http, requires
from shared.kit.paging import Cursor, Limit
from shared.schema import Page


@http.get("/api/chatbot/documents", feature="chatbot")
@requires("chatbot:manage")
def list_documents(ctx: Context, limit: Limit = 20, cursor: Cursor | None = None) -> Page[DocumentOut]:
    return ctx.db.page(select(Document), DocumentOut, limit, cursor, shown=partial(shown, ctx))
