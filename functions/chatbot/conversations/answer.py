"""The answer to a question: from the city's documents, by a model where one is configured, else by what they
say themselves.
"""

from contextlib import suppress

from functions.chatbot.answers.citations import Answer, no_information
from functions.chatbot.answers.courtesies import only_polite
from functions.chatbot.answers.extractive import extract_answer
from functions.chatbot.answers.generative import write_answer
from functions.chatbot.conversations.daily_share import buy
from functions.chatbot.documents.vector_stores import builtin_store, inner_store, outer_store
from functions.chatbot.retrieval.index import ALL_CHUNKS
from functions.chatbot.retrieval.ranking import Question
from functions.chatbot.retrieval.search import NEAREST, External, retrieve
from shared.adapters import llm
from shared.context import Context

HAS_DOCUMENTS = "SELECT 1 FROM terms WHERE tenant_id = :tenant AND term = :all AND chunks > 0"


def answer_to(ctx: Context, question: str) -> Answer:
    """What the documents say: written by a configured model, where its work may be bought for this question,
    else quoted.
    """
    if only_polite(Question.of(question).words):
        return no_information(ctx.language)
    bought = buy(ctx) if llm.is_configured() and is_worth_asking(ctx, question) else None
    meant = external(ctx, question) if bought else None
    found = retrieve(ctx.sql, builtin_store(ctx), ctx.tenant.id, question, external=meant)
    if bought is None:
        return extract_answer(found, ctx.language)
    with ctx.released():
        answer = write_answer(found, ctx.language)
    if answer.informed:
        bought.give_back()
    return answer


def is_worth_asking(ctx: Context, question: str) -> bool:
    """Whether the question says something, and the city has documents that could hold an answer."""
    return (
        bool(Question.of(question).grams)
        and ctx.sql.one(HAS_DOCUMENTS, tenant=ctx.tenant.id, all=ALL_CHUNKS) is not None
    )


def external(ctx: Context, question: str) -> External | None:
    """The question as a configured embedding model sees it; while it is away, the built-in way is enough."""
    vectors: list[list[float]] = []
    with ctx.released():
        with suppress(llm.LlmUnavailable):
            vectors = llm.embed([question])
        outer = outer_store() if vectors else None
        if outer:
            return External(outer.query(str(ctx.tenant.id), vectors[0], NEAREST))
    inner = inner_store(ctx) if vectors else None
    return External(inner.query(str(ctx.tenant.id), vectors[0], NEAREST)) if inner else None
