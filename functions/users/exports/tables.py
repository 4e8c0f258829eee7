"""An export as a row, and how far it is."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Personal
from shared.kit.keepers import KEEPERS

PATIENCE = timedelta(minutes=10)


class Export(DatedModel):
    """What the services have gathered for a person: `parts` maps each service to its file and how many rows
    it holds.
    """

    __tablename__ = "exports"
    privacy = Personal(
        "user_id",
        {},
        why="to hand out what is held about somebody (GDPR Art. 15, 20)",
        kept="7 days",
        on_erasure="delete",
        plain=("parts",),
    )
    user_id: Mapped[UUID]
    parts: Mapped[dict[str, Any]]

    @property
    def folder(self) -> str:
        """What the keys of its files begin with."""
        return f"exports/{self.id}/"

    @property
    def missing(self) -> list[str]:
        """The services that have not answered."""
        return [service for service in KEEPERS if service not in self.parts]

    def is_gathering(self, now: datetime) -> bool:
        """Whether it is worth waiting for more."""
        return bool(self.missing) and now < self.created_at + PATIENCE
