"""Give the chatbot a document: a file (PDF, DOCX, HTML, Markdown, text) or the address of a page, which may
be known.
"""

from sqlalchemy import select

from events.chatbot import DocumentIngested, DocumentRequested
from functions.chatbot.documents.document import DocumentIn, DocumentOut, State
from functions.chatbot.documents.document_view import shown
from functions.chatbot.documents.tables import Document
from functions.chatbot.extraction.errors import DocumentTypeMismatch, DocumentTypeUnsupported
from functions.chatbot.extraction.formats import checked_type
from shared import files, quotas
from shared.function import Context, http, requires
from shared.kit.ids import new_id
from shared.quotas import QuotaExceeded
from shared.runtime.binding import Upload

LIMIT = 50 * 1024 * 1024


@http.post(
    "/api/chatbot/documents",
    status=202,
    feature="chatbot",
    emits=[DocumentIngested, DocumentRequested],
    body_limit=LIMIT,
    memory=512,
    raises=[DocumentTypeUnsupported, DocumentTypeMismatch, QuotaExceeded],
)
@requires("chatbot:manage")
def ingest_document(ctx: Context, document: DocumentIn) -> DocumentOut:
    row = known_page(ctx, document.url) if document.url else None
    row = row or Document(id=new_id(), url=document.url, created_by=ctx.user_id, created_at=ctx.now)
    row.title = document.title or row.title or ""
    said = row.begin(ctx.now)
    if document.file:
        keep(ctx, row, document.file)
    ctx.db.add(row)
    ctx.emit(said)
    return shown(ctx, row)


def known_page(ctx: Context, url: str) -> Document | None:
    """The document that was read from this address before; whoever gives it in at the same moment waits."""
    ctx.lock(f"page {url}")
    newest = select(Document).where(Document.url == url).order_by(Document.created_at.desc()).limit(1)
    return ctx.db.scalar(newest.with_for_update())


def keep(ctx: Context, row: Document, file: Upload) -> None:
    """Store the original, under the type that it really has, before anything is written or locked."""
    row.content_type = checked_type(file.content, file.content_type, file.filename)
    row.filename, row.size, row.state = file.filename[-200:], len(file.content), State.RECEIVED
    quotas.look(ctx, "storage_bytes", row.size)
    with ctx.released():
        files.keep(ctx, row.key, file.content, row.content_type)
    quotas.spend(ctx, "storage_bytes", row.size)
