"""A document as a row."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from functions.chatbot.documents.document import State
from shared.errors import Problem
from shared.orm import DatedModel
from shared.privacy import Personal


class Document(DatedModel):
    """requested → received → chunked → ready; any → failed."""

    __tablename__ = "documents"
    privacy = Personal(
        "created_by",
        {},
        why="to know who handed a document in (GDPR Art. 6(1)(e))",
        kept="until the document is deleted; who it was 30 days after the account",
        on_erasure="anonymise",
        plain=("title", "url", "filename", "content_type", "language", "state", "problem", "digest"),
    )
    title: Mapped[str]
    url: Mapped[str | None]
    filename: Mapped[str | None]
    content_type: Mapped[str | None]
    size: Mapped[int | None]
    language: Mapped[str | None]
    state: Mapped[str]
    problem: Mapped[str | None]
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
