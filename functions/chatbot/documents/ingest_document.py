"""Give the chatbot a document: a file (PDF, DOCX, HTML, Markdown, text) or the address of a page."""

from events.chatbot import DocumentIngested, DocumentRequested
from functions.chatbot.documents.document import DocumentIn, DocumentOut, State
from functions.chatbot.documents.tables import Document
from functions.chatbot.extraction import checked_type
from functions.chatbot.extraction_errors import DocumentTypeMismatch, DocumentTypeUnsupported
from shared import storage
from shared.binding import Upload
from shared.function import Context, http, requires
from shared.ids import new_id

LIMIT = 50 * 1024 * 1024


@http.post(
    "/api/chatbot/documents",
    status=202,
    feature="chatbot",
    emits=[DocumentIngested, DocumentRequested],
    body_limit=LIMIT,
    memory=512,
    raises=[DocumentTypeUnsupported, DocumentTypeMismatch],
)
@requires("chatbot:manage")
def ingest_document(ctx: Context, document: DocumentIn) -> DocumentOut:
    row = Document(
        id=new_id(),
        title=document.title or "",
        url=document.url,
        state=State.REQUESTED,
        created_by=ctx.user_id,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.db.add(row)
    if document.file:
        keep(ctx, row, document.file)
        ctx.emit(DocumentIngested(document_id=row.id))
    else:
        ctx.emit(DocumentRequested(document_id=row.id))
    return DocumentOut.model_validate(row)


def keep(ctx: Context, row: Document, file: Upload) -> None:
    """Store the original, under the type that it really has."""
    row.content_type = checked_type(file.content, file.content_type, file.filename)
    row.filename, row.size, row.state = file.filename[-200:], len(file.content), State.RECEIVED
    storage.put(ctx.tenant.id, row.key, file.content, row.content_type)
