"""A document as a row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from events.chatbot import DocumentIngested, DocumentRequested
from functions.chatbot.documents.document import State
from shared.db.orm import DatedModel
from shared.db.privacy import Personal
from shared.errors import Problem
from shared.i18n import translate


class Document(DatedModel):
    """requested → received → chunked → ready; any → failed."""

    __tablename__ = "documents"
    privacy = Personal(
        "created_by",
        {},
        why="to know who handed a document in (GDPR Art. 6(1)(e))",
        kept="until the document is deleted; who it was 30 days after the account",
        on_erasure="anonymise",
        plain=(
            "title",
            "url",
            "filename",
            "content_type",
            "language",
            "state",
            "problem",
            "why",
            "embedded",
            "digest",
        ),
    )
    title: Mapped[str]
    url: Mapped[str | None]
    filename: Mapped[str | None]
    content_type: Mapped[str | None]
    size: Mapped[int | None]
    language: Mapped[str | None]
    state: Mapped[str]
    problem: Mapped[str | None]
    why: Mapped[dict[str, Any] | None]
    embedded: Mapped[str | None]
    begun_at: Mapped[datetime]
    chunks: Mapped[int | None]
    digest: Mapped[str | None]
    created_by: Mapped[UUID | None]
    updated_at: Mapped[datetime]

    @property
    def key(self) -> str:
        """Where the original lies in the tenant's bucket."""
        return f"documents/{self.id}/original"

    def fail(self, problem: Problem, at: datetime) -> None:
        """It cannot be read; say why."""
        self.state, self.problem, self.updated_at = State.FAILED, problem.text("en"), at
        self.why = kept(problem)

    def received(self, size: int, at: datetime) -> None:
        """Its original is there; whatever it waited for is over."""
        self.size, self.state, self.updated_at, self.problem, self.why = size, State.RECEIVED, at, None, None

    def begin(self, at: datetime) -> DocumentIngested | DocumentRequested:
        """Have it read from the beginning, a page from its address; what is to be said for that."""
        self.state, self.problem, self.why = State.REQUESTED if self.url else State.RECEIVED, None, None
        self.begun_at = self.updated_at = at
        return DocumentRequested(document_id=self.id) if self.url else DocumentIngested(document_id=self.id)

    def told(self, language: str) -> str | None:
        """Why it could not be read, in a reader's language; before that was kept, in English."""
        if not self.why:
            return self.problem
        return translate(self.why["key"], language, self.why["message"], self.why["details"], __name__)


def kept(problem: Problem) -> dict[str, Any]:
    """What it takes to say a problem in any language later."""
    return {"key": problem.key, "message": problem.message, "details": problem.details}
