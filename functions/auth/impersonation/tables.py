"""Impersonations as rows."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Personal


class Impersonation(DatedModel):
    """Who acted in whose name; its id is the session of the token, and it stays when the account is gone."""

    __tablename__ = "impersonations"
    privacy = Personal(
        ("user_id", "impersonator_id"),
        {"reason": "why somebody acted in the person's name"},
        why="to show a city who acted in its people's names (GDPR Art. 5(2), 6(1)(f))",
        kept="two years",
        on_erasure="anonymise",
        blank={"reason": "''"},
        expires="730 days",
    )
    user_id: Mapped[UUID]
    impersonator_id: Mapped[UUID]
    reason: Mapped[str]
    ends_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]

    @property
    def started_at(self) -> datetime:
        """When it began."""
        return self.created_at
