"""A version of a legal text as a row."""

from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Personal


class LegalText(DatedModel):
    """Written once and never changed: what was published can be shown later."""

    __tablename__ = "legal_texts"
    privacy = Personal(
        "written_by",
        {"text": "whom the law wants to be named (DDG §5, GDPR Art. 13)"},
        why="to publish what the law wants, and to show what was published when (GDPR Art. 6(1)(c))",
        kept="as long as the city; who wrote it 30 days after the account",
        on_erasure="anonymise",
        plain=("kind", "language"),
    )
    kind: Mapped[str]
    language: Mapped[str]
    version: Mapped[int]
    text: Mapped[str]
    published: Mapped[bool]
    written_by: Mapped[UUID | None]
