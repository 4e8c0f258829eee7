"""Read a stored document and cut it into chunks; chunks that are there already stay as they are."""

from functools import partial

from events.chatbot import DocumentChunked, DocumentIngested
from events.platform import FilesAbandoned
from functions.chatbot.documents.document import State
from functions.chatbot.documents.tables import Document
from functions.chatbot.documents.vector_stores import outer_store, own_stores
from functions.chatbot.extraction.confined import Reading, read
from functions.chatbot.retrieval.index import index_document
from shared import quotas
from shared.adapters import malware, storage
from shared.errors import Problem, Unavailable
from shared.files import abandon
from shared.function import Context, on


@on(DocumentIngested, emits=[DocumentChunked, FilesAbandoned], timeout=120, memory=1024)
def chunk_document(ctx: Context, event: DocumentIngested) -> None:
    seen = ctx.db.get(Document, event.document_id)
    if seen is None:
        return  # deleted meanwhile
    with ctx.released():
        found = what_it_says(ctx, seen)
    document = ctx.db.get(Document, event.document_id, with_for_update=True)
    if document is None or document.updated_at != seen.updated_at:
        return  # deleted, or begun anew, while we read: that has an event of its own
    if isinstance(found, Problem):
        fail(ctx, document, found)
    else:
        keep(ctx, document, found)


def what_it_says(ctx: Context, document: Document) -> Reading | Problem:
    """The document read, or what is wrong with it."""
    try:
        original = storage.get(ctx.tenant.id, document.key)
        malware.check(original)
        return read(original, document.content_type or "", document.filename or "", document.title, ctx.whose)
    except Unavailable:
        raise
    except Problem as problem:
        return problem


def fail(ctx: Context, document: Document, problem: Problem) -> None:
    """It cannot be read; malware is not kept."""
    document.fail(problem, ctx.now)
    if isinstance(problem, malware.MalwareFound):
        abandon(ctx, document.key)
        quotas.give_back(ctx, "storage_bytes", document.size or 0)
        document.size = None


def keep(ctx: Context, document: Document, found: Reading) -> None:
    """Put what it says into the index."""
    document.title = found.title
    change = index_document(
        ctx.sql, ctx.tenant.id, document.id, document.title, found.chunks, url=document.url
    )
    gone = [str(chunk_id) for chunk_id in change.removed]
    for store in own_stores(ctx):
        store.delete(str(ctx.tenant.id), ids=gone)
    # what stays there finds nothing any more, and goes with the document
    if gone and (outer := outer_store()):
        ctx.after_commit(partial(outer.delete, str(ctx.tenant.id), ids=gone))
    document.language, document.chunks = found.language, len(found.chunks)
    document.state, document.updated_at = State.CHUNKED, ctx.now
    ctx.emit(DocumentChunked(document_id=document.id))
