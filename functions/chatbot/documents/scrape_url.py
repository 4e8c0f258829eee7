"""Fetch a page for the chatbot, where its site allows that and its address is a public one."""

from events.chatbot import DocumentIngested, DocumentRequested
from functions.chatbot.documents.document import State
from functions.chatbot.documents.tables import Document
from functions.chatbot.extraction import checked_type
from functions.chatbot.scraping import fetch
from shared import storage
from shared.errors import Problem, Unavailable
from shared.function import Context, on


@on(DocumentRequested, emits=[DocumentIngested])
def scrape_url(ctx: Context, event: DocumentRequested) -> None:
    document = ctx.db.get_or_404(Document, event.document_id, lock=True)
    if document.state != State.REQUESTED or not document.url:
        return
    try:
        page = fetch(document.url)
        document.content_type = checked_type(page.body, page.content_type, page.url)
    except Unavailable:
        raise
    except Problem as problem:
        document.fail(problem, ctx.now)
        return
    storage.put(ctx.tenant.id, document.key, page.body, document.content_type)
    document.size, document.state, document.updated_at = len(page.body), State.RECEIVED, ctx.now
    ctx.emit(DocumentIngested(document_id=document.id))
