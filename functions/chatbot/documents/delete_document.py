"""Delete a document: the chatbot forgets it, vectors and original included."""

from uuid import UUID

from functions.chatbot.documents.stores import all_stores
from functions.chatbot.documents.tables import Document
from functions.chatbot.index import forget_document
from shared import storage
from shared.errors import NotFound
from shared.function import Context, http, requires


@http.delete("/api/chatbot/documents/{document_id}", status=204, feature="chatbot", raises=[NotFound])
@requires("chatbot:manage")
def delete_document(ctx: Context, document_id: UUID) -> None:
    document = ctx.db.get_or_404(Document, document_id, lock=True)
    forget_document(ctx.sql, all_stores(ctx), ctx.tenant.id, document.id)
    ctx.db.delete(document)
    ctx.after_commit(lambda: storage.delete(ctx.tenant.id, document.key))
