"""A question and its answer, as citizens ask and read them."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.field_errors import wrong
from shared.schema import Schema, text


def said(question: str) -> str:
    """A question that says something; refused with fewer than two characters, blanks around them aside."""
    if len(question) < 2:
        raise wrong("TOO_SHORT", minLength=2)
    return question


class QuestionIn(Schema):
    """`conversationId` goes on with the caller's earlier conversation; without one, or with somebody else's,
    a new one begins.

    `tenantId` may be said (requirements §9.4); it is the city that is asked, or TENANT_MISMATCH.
    """

    question: Annotated[str, text(1_000), AfterValidator(said), Field(json_schema_extra={"minLength": 2})]
    conversation_id: UUID | None = None
    tenant_id: (
        Annotated[str, Field(min_length=1, max_length=63, description="the city's id or slug")] | None
    ) = None


class CitationOut(Schema):
    """A passage that the answer rests on; the answer's text refers to it as [number]."""

    number: int
    document_id: UUID
    title: str
    url: str | None
    heading: str
    quote: str


class AnswerOut(Schema):
    """An answer with what it rests on. Without information `informed` is false and there are no citations.

    `response` is the answer, too, under the name that requirements §9.4 give it.
    """

    conversation_id: UUID
    answer: str
    response: str
    citations: list[CitationOut]
    informed: bool
    written_by: str
