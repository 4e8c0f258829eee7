"""Read a stored document and cut it into chunks; chunks that are there already stay as they are."""

from events.chatbot import DocumentChunked, DocumentIngested
from functions.chatbot.chunking import chunk_document as chunks_of
from functions.chatbot.documents.document import State
from functions.chatbot.documents.stores import all_stores
from functions.chatbot.documents.tables import Document
from functions.chatbot.extraction import extract
from functions.chatbot.index import index_document
from shared import storage
from shared.errors import Problem, Unavailable
from shared.function import Context, on


@on(DocumentIngested, emits=[DocumentChunked], timeout=120, memory=1024)
def chunk_document(ctx: Context, event: DocumentIngested) -> None:
    document = ctx.db.get_or_404(Document, event.document_id, lock=True)
    try:
        found = extract(
            storage.get(ctx.tenant.id, document.key), document.content_type or "", document.filename or ""
        )
    except Unavailable:
        raise
    except Problem as problem:
        document.fail(problem, ctx.now)
        return
    document.title = document.title or found.title
    chunks = chunks_of(document.title, found.text)
    change = index_document(ctx.sql, ctx.tenant.id, document.id, document.title, chunks, url=document.url)
    for store in all_stores(ctx):
        store.delete(str(ctx.tenant.id), ids=[str(chunk_id) for chunk_id in change.removed])
    document.language, document.chunks, document.state, document.updated_at = (
        found.language,
        len(chunks),
        State.CHUNKED,
        ctx.now,
    )
    ctx.emit(DocumentChunked(document_id=document.id))
