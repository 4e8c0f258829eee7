"""Embed a document's chunks that are not embedded yet, with the built-in way and with a configured model."""

from uuid import UUID

from events.chatbot import DocumentChunked
from functions.chatbot.documents.document import State
from functions.chatbot.documents.stores import builtin_store, external_store, model_mark
from functions.chatbot.documents.tables import Document
from functions.chatbot.index import Indexed, embed_builtin
from shared import llm
from shared.function import Context, on
from shared.vectors import Vector

MISSING = """SELECT id, title, heading, text FROM chunks
 WHERE tenant_id = :tenant AND document_id = :document AND embedded IS DISTINCT FROM :mark ORDER BY ordinal"""
DONE = "UPDATE chunks SET embedded = :mark WHERE tenant_id = :tenant AND document_id = :document"


@on(DocumentChunked, timeout=120)
def embed_chunks(ctx: Context, event: DocumentChunked) -> None:
    document = ctx.db.get_or_404(Document, event.document_id, lock=True)
    rows = ctx.sql.run(MISSING, tenant=ctx.tenant.id, document=document.id, mark=model_mark())
    chunks = [Indexed(UUID(str(row[0])), *row[1:]) for row in rows]
    embed_builtin(builtin_store(ctx), ctx.tenant.id, document.id, chunks)
    embed_external(ctx, document.id, chunks)
    ctx.sql.run(DONE, tenant=ctx.tenant.id, document=document.id, mark=model_mark())
    if document.state == State.CHUNKED:
        document.state, document.updated_at = State.READY, ctx.now


def embed_external(ctx: Context, document_id: UUID, chunks: list[Indexed]) -> None:
    """Add the configured model's vectors; LlmUnavailable lets the broker try again."""
    store = external_store(ctx)
    if store and chunks:
        vectors = llm.embed([f"{chunk.title}\n{chunk.heading}\n{chunk.text}" for chunk in chunks])
        facts = {"document_id": str(document_id)}
        store.upsert(
            str(ctx.tenant.id), [Vector(str(c.id), v, facts) for c, v in zip(chunks, vectors, strict=True)]
        )
