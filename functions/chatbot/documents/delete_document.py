"""Delete a document: the chatbot forgets it, vectors and original included."""

from functools import partial
from uuid import UUID

from events.platform import FilesAbandoned
from functions.chatbot.documents.tables import Document
from functions.chatbot.documents.vector_stores import outer_store, own_stores
from functions.chatbot.retrieval.index import forget_document
from shared import quotas
from shared.errors import NotFound
from shared.files import abandon
from shared.function import Context, http, requires


@http.delete(
    "/api/chatbot/documents/{document_id}",
    status=204,
    feature="chatbot",
    raises=[NotFound],
    emits=[FilesAbandoned],
)
@requires("chatbot:manage")
def delete_document(ctx: Context, document_id: UUID) -> None:
    if outer := outer_store():
        ctx.db.get_or_404(Document, document_id)
        forget = partial(outer.delete, str(ctx.tenant.id), document_id=str(document_id))
        with ctx.released():
            forget()
        ctx.after_commit(forget)  # once more, for what is embedded at this moment
    document = ctx.db.get_or_404(Document, document_id, lock=True)
    forget_document(ctx.sql, own_stores(ctx), ctx.tenant.id, document.id)
    ctx.db.delete(document)
    quotas.give_back(ctx, "storage_bytes", document.size or 0)
    abandon(ctx, document.key)
