"""Have a document that failed read once more."""

from uuid import UUID

from events.chatbot import DocumentIngested, DocumentRequested
from functions.chatbot.documents.document import DocumentNotFailed, DocumentOut, State
from functions.chatbot.documents.document_view import shown
from functions.chatbot.documents.tables import Document
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.post(
    "/api/chatbot/documents/{document_id}/retry",
    status=202,
    feature="chatbot",
    raises=[NotFound, DocumentNotFailed],
    emits=[DocumentIngested, DocumentRequested],
)
@requires("chatbot:manage")
def retry_document(ctx: Context, document_id: UUID) -> DocumentOut:
    document = ctx.db.get_or_404(Document, document_id, lock=True)
    if document.state != State.FAILED:
        raise DocumentNotFailed(state=document.state)
    ctx.emit(document.begin(ctx.now))
    return shown(ctx, document)
