"""Answer a citizen's question from the city's own documents, with citations, or say honestly that they do not
hold it.

As server-sent events where the caller accepts `text/event-stream`: `answer`, then `citations`, then `done`.
"""

from collections.abc import Iterator
from uuid import UUID

from functions.chatbot.answers.citations import Answer
from functions.chatbot.conversations.answer import answer_to
from functions.chatbot.conversations.conversation import AnswerOut, CitationOut, QuestionIn
from functions.chatbot.conversations.daily_share import EnoughForToday, share_of_today
from functions.chatbot.conversations.owner import conversation
from shared import quotas
from shared.errors import TenantMismatch
from shared.function import Context, Response, http
from shared.kit.ids import new_id
from shared.quotas import QuotaExceeded

KEEP = """INSERT INTO exchanges (id, tenant_id, conversation_id, question, answer, citations, informed, language)
 VALUES (:id, :tenant, :conversation, :question, :answer, :citations, :informed, :language)"""


@http.post(
    "/api/chatbot/query",
    public=True,
    feature="chatbot",
    min_scale=1,
    raises=[QuotaExceeded, EnoughForToday, TenantMismatch],
)
def rag_query(ctx: Context, question: QuestionIn) -> AnswerOut | Response:
    ctx.refuse_another_city(question.tenant_id)
    with share_of_today(ctx) as asked, quotas.ahead(ctx, "questions"):
        reply = reply_to(conversation(ctx, question.conversation_id), answer_to(ctx, question.question))
    if not reply.informed:  # what is not answered costs neither the city nor whoever asked
        quotas.give_back(ctx, "questions")
        asked.give_back()
    citations = "[" + ",".join(citation.model_dump_json(by_alias=True) for citation in reply.citations) + "]"
    ctx.sql.queue(
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


def reply_to(conversation_id: UUID, answer: Answer) -> AnswerOut:
    """The answer as the citizen reads it."""
    return AnswerOut(
        conversation_id=conversation_id,
        answer=answer.text,
        response=answer.text,
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
