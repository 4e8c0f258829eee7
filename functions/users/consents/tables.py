"""A consent as a row: rows are only ever added, the newest of a purpose counts."""

from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Personal


class ConsentEntry(DatedModel):
    """That a person has given or withdrawn their consent to a purpose."""

    __tablename__ = "consent_entries"
    privacy = Personal(
        "user_id",
        {"purpose": "what was consented to", "text_version": "what the question was"},
        why="to show that somebody has consented, and until when (GDPR Art. 7(1))",
        kept="as long as the account, and 30 days",
        on_erasure="delete",
    )
    user_id: Mapped[UUID]
    purpose: Mapped[str]
    granted: Mapped[bool]
    text_version: Mapped[str]
