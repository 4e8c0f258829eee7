"""Go on with documents whose event was lost, give up after a day, and embed what a model did not embed yet."""

from datetime import timedelta

from sqlalchemy import select

from events.chatbot import DocumentChunked, DocumentIngested, DocumentRequested
from functions.chatbot.documents.document import DocumentNotRead, State
from functions.chatbot.documents.queries import HAVE_WAITING, WAITING
from functions.chatbot.documents.tables import Document
from functions.chatbot.documents.vector_stores import model_mark
from shared.db import relay_role
from shared.function import Context, tick
from shared.tenancy import tenants

PATIENCE, GIVEN_UP, BETTER = timedelta(minutes=10), timedelta(days=1), timedelta(hours=1)
AT_ONCE = 50  # documents of a city
UNDER_WAY = (State.REQUESTED, State.RECEIVED, State.CHUNKED)


@tick("*/10 * * * *", timeout=60, emits=[DocumentRequested, DocumentIngested, DocumentChunked])
def resume_documents(ctx: Context) -> None:
    wanted = {"stuck": ctx.now - PATIENCE, "better": ctx.now - BETTER, "mark": model_mark()}
    for [city_id] in relay_role.ask(ctx.record.database, HAVE_WAITING, **wanted):
        if city := tenants.lookup(city_id):
            ctx.enter(city)
            found = [row[0] for row in ctx.sql.run(WAITING, tenant=city.id, limit=AT_ONCE, **wanted)]
            for document in ctx.db.scalars(select(Document).where(Document.id.in_(found))):
                go_on(ctx, document)


def go_on(ctx: Context, document: Document) -> None:
    """Say again what was lost; what has been tried for a day has failed."""
    if document.state in UNDER_WAY and document.begun_at < ctx.now - GIVEN_UP:
        document.fail(DocumentNotRead(), ctx.now)
        return
    said = {State.REQUESTED: DocumentRequested, State.RECEIVED: DocumentIngested}.get(
        State(document.state), DocumentChunked
    )
    document.updated_at = ctx.now
    ctx.emit(said(document_id=document.id))
