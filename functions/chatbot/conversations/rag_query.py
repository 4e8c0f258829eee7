"""Answer a citizen's question from the city's own documents, with citations, or say honestly that they do not hold it.

As server-sent events where the caller accepts `text/event-stream`: `answer`, then `citations`, then `done`.
"""

from collections.abc import Iterator

from functions.chatbot.answering import extract_answer
from functions.chatbot.citations import Answer
from functions.chatbot.conversations.conversation import AnswerOut, CitationOut, QuestionIn
from functions.chatbot.documents.stores import builtin_store, external_store
from functions.chatbot.retrieval import External, retrieve
from functions.chatbot.writing import write_answer
from shared import llm, quotas
from shared.function import Context, Response, http
from shared.ids import new_id
from shared.quotas import QuotaExceeded

KEEP = """INSERT INTO exchanges (id, tenant_id, conversation_id, question, answer, citations, informed, language)
 VALUES (:id, :tenant, :conversation, :question, :answer, :citations, :informed, :language)"""


@http.post("/api/chatbot/query", public=True, feature="chatbot", raises=[QuotaExceeded], min_scale=1)
def rag_query(ctx: Context, question: QuestionIn) -> AnswerOut | Response:
    with quotas.ahead(ctx, "questions"):
        reply = reply_to(question, answer_to(ctx, question.question))
    citations = "[" + ",".join(citation.model_dump_json(by_alias=True) for citation in reply.citations) + "]"
    ctx.sql.later(
        KEEP,
        id=new_id(),
        tenant=ctx.tenant.id,
        conversation=reply.conversation_id,
        question=question.question,
        answer=reply.answer,
        citations=citations,
        informed=reply.informed,
        language=ctx.language,
    )
    wants_stream = ctx.request and "text/event-stream" in ctx.request.header("accept")
    return Response(200, streamed(reply), "text/event-stream") if wants_stream else reply


def answer_to(ctx: Context, question: str) -> Answer:
    """What the documents say: written by a configured model, else quoted."""
    found = retrieve(ctx.sql, builtin_store(ctx), ctx.tenant.id, question, external=external(ctx, question))
    return write_answer(found, ctx.language) if llm.is_configured() else extract_answer(found, ctx.language)


def external(ctx: Context, question: str) -> External | None:
    """The question as a configured embedding model sees it; without one, or while it is away, the built-in way is enough."""
    store = external_store(ctx)
    try:
        return External(store, llm.embed([question])[0]) if store else None
    except llm.LlmUnavailable:
        return None


def reply_to(question: QuestionIn, answer: Answer) -> AnswerOut:
    """The answer as the citizen reads it."""
    return AnswerOut(
        conversation_id=question.conversation_id or new_id(),
        answer=answer.text,
        informed=answer.informed,
        written_by=answer.written_by,
        citations=[CitationOut.model_validate(c) for c in answer.citations],
    )


def streamed(reply: AnswerOut) -> Iterator[bytes]:
    """The reply as server-sent events."""
    import orjson

    whole = reply.model_dump(mode="json", by_alias=True)
    for name, data in (
        ("answer", {"answer": whole["answer"]}),
        ("citations", whole["citations"]),
        ("done", whole),
    ):
        yield b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
