"""Fetch a page for the chatbot, where its site allows that and its address is a public one."""

import json
from functools import partial
from uuid import UUID

from events.chatbot import DocumentIngested, DocumentRequested
from events.platform import FilesAbandoned
from functions.chatbot.documents.document import State
from functions.chatbot.documents.queries import WAITS_FOR
from functions.chatbot.documents.tables import Document, kept
from functions.chatbot.documents.web_page import fetch
from functions.chatbot.extraction.formats import checked_type
from shared import quotas
from shared.adapters import storage
from shared.context import acting
from shared.db.pg import pool
from shared.db.sql import Sql
from shared.errors import Problem, Unavailable
from shared.files import abandon
from shared.function import Context, on


@on(DocumentRequested, emits=[DocumentIngested, FilesAbandoned])
def scrape_url(ctx: Context, event: DocumentRequested) -> None:
    seen = ctx.db.get(Document, event.document_id)
    if seen is None or seen.state != State.REQUESTED or not seen.url:
        return  # deleted meanwhile, or done
    with ctx.released():
        problem = fetched(ctx, seen, seen.url)
    document = ctx.db.get(Document, event.document_id, with_for_update=True)
    if document is None:
        abandon(ctx, seen.key)  # deleted while we fetched it
    elif document.updated_at != seen.updated_at or document.state != State.REQUESTED:
        return  # done, or begun anew: that has an event of its own
    elif problem:
        document.fail(problem, ctx.now)
    else:
        document.received(document.size or 0, ctx.now)
        ctx.emit(DocumentIngested(document_id=document.id))


def fetched(ctx: Context, seen: Document, url: str) -> Problem | None:
    """Fetch the page and store it; what is wrong with it."""
    try:
        page = fetch(url)
        content_type = checked_type(page.body, page.content_type, page.url)
        count(ctx, seen, content_type, len(page.body))
    except Unavailable as problem:  # tried again, for up to a day; whoever asks meanwhile is told
        ctx.after_rollback(partial(waits, ctx, seen.id, problem))
        raise
    except Problem as problem:
        return problem
    storage.put(ctx.tenant.id, seen.key, page.body, content_type)
    return None


def count(ctx: Context, seen: Document, content_type: str, size: int) -> None:
    """Count the page that is about to be stored, and note its size with it; QuotaExceeded.

    In a transaction of its own: the store is not asked while one is open, and whatever becomes of that, the
    row says what counts.
    """
    with acting(ctx.record, ctx.tenant, trace=ctx.trace, event=ctx.event, now=ctx.now) as own:
        document = own.db.get(Document, seen.id, with_for_update=True)
        if document and document.updated_at == seen.updated_at and document.state == State.REQUESTED:
            quotas.replace(own, "storage_bytes", document.size or 0, size)
            document.content_type, document.size = content_type, size


def waits(ctx: Context, document_id: UUID, problem: Problem) -> None:
    """Note in a transaction of its own what a page waits for: the invocation's is undone."""
    own = Sql(pool(ctx.record.database), ctx.tenant.id, who=ctx.who)
    own.queue(WAITS_FOR, id=document_id, problem=problem.text("en"), why=json.dumps(kept(problem)))
    own.commit()
