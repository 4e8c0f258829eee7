"""A question and its answer, as citizens ask and read them."""

from typing import Annotated
from uuid import UUID

from shared.schema import Schema, text


class QuestionIn(Schema):
    """`conversationId` goes on with an earlier conversation; without one a new one begins."""

    question: Annotated[str, text(1_000, 2)]
    conversation_id: UUID | None = None


class CitationOut(Schema):
    """A passage that the answer rests on; the answer's text refers to it as [number]."""

    number: int
    document_id: UUID
    title: str
    url: str | None
    heading: str
    quote: str


class AnswerOut(Schema):
    """An answer with what it rests on. Without information `informed` is false and there are no citations."""

    conversation_id: UUID
    answer: str
    citations: list[CitationOut]
    informed: bool
    written_by: str
