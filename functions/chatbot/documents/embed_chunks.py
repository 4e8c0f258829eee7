"""Embed a document's chunks that are not embedded yet, with the built-in way and with a configured model."""

from uuid import UUID

from events.chatbot import DocumentChunked
from functions.chatbot.documents.document import State
from functions.chatbot.documents.tables import Document
from functions.chatbot.documents.vector_stores import builtin_store, inner_store, model_mark, outer_store
from functions.chatbot.retrieval.index import Indexed, embed_builtin
from functions.chatbot.retrieval.ngram_embedding import MODEL
from shared.adapters import llm
from shared.adapters.vectors import Vector
from shared.function import Context, on

MISSING = """SELECT id, title, heading, text FROM chunks
 WHERE tenant_id = :tenant AND document_id = :document AND embedded IS DISTINCT FROM :mark ORDER BY ordinal"""
DONE = "UPDATE chunks SET embedded = :mark WHERE tenant_id = :tenant AND document_id = :document"


@on(DocumentChunked, timeout=120)
def embed_chunks(ctx: Context, event: DocumentChunked) -> None:
    seen = ctx.db.get(Document, event.document_id)
    chunks = missing(ctx, event.document_id) if seen else []
    with ctx.released():
        vectors = meant(ctx, event.document_id, chunks)
    document = ctx.db.get(Document, event.document_id, with_for_update=True)
    if document is None:
        with ctx.released():
            forget(ctx, event.document_id)
        return  # deleted meanwhile
    if seen is None or document.updated_at != seen.updated_at:
        return  # begun anew while the model worked: that has an event of its own
    embed_builtin(builtin_store(ctx), ctx.tenant.id, document.id, chunks)
    inner = inner_store(ctx)
    if inner and vectors:
        inner.upsert(str(ctx.tenant.id), vectors)
    mark = MODEL if vectors is None else model_mark()
    ctx.sql.run(DONE, tenant=ctx.tenant.id, document=document.id, mark=mark)
    document.embedded = mark
    if document.state == State.CHUNKED:
        document.state, document.updated_at = State.READY, ctx.now


def missing(ctx: Context, document_id: UUID) -> list[Indexed]:
    """The chunks that are not embedded with everything that is configured now."""
    rows = ctx.sql.run(MISSING, tenant=ctx.tenant.id, document=document_id, mark=model_mark())
    return [Indexed(UUID(str(row[0])), *row[1:]) for row in rows]


def meant(ctx: Context, document_id: UUID, chunks: list[Indexed]) -> list[Vector] | None:
    """One vector for each chunk, where a model is configured; in a store that is not ours they are kept at
    once.

    None while the model is away, or knows no embeddings: the built-in ones do, and resume-documents tries
    again.
    """
    if not llm.is_configured() or not chunks:
        return []
    try:
        found = llm.embed([f"{chunk.title}\n{chunk.heading}\n{chunk.text}" for chunk in chunks])
    except llm.LlmUnavailable:
        return None
    vectors = [
        Vector(str(c.id), v, {"document_id": str(document_id)}) for c, v in zip(chunks, found, strict=True)
    ]
    if outer := outer_store():
        outer.upsert(str(ctx.tenant.id), vectors)
    return vectors


def forget(ctx: Context, document_id: UUID) -> None:
    """A document that was deleted meanwhile leaves nothing in a store that is not ours."""
    if outer := outer_store():
        outer.delete(str(ctx.tenant.id), document_id=str(document_id))
