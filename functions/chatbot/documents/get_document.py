"""Read how far a document is, and why it could not be read."""

from uuid import UUID

from functions.chatbot.documents.document import DocumentOut
from functions.chatbot.documents.document_view import shown
from functions.chatbot.documents.tables import Document
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.get("/api/chatbot/documents/{document_id}", feature="chatbot", raises=[NotFound])
@requires("chatbot:manage")
def get_document(ctx: Context, document_id: UUID) -> DocumentOut:
    return shown(ctx, ctx.db.get_or_404(Document, document_id))
