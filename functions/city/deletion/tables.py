"""A city's export as a row."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Impersonal
from shared.kit.keepers import KEEPERS


class Export(DatedModel):
    """Everything of a city, gathered from all services; a new one takes the place of the one before."""

    __tablename__ = "exports"
    privacy = Impersonal("how far the gathering of a city's data is")
    parts: Mapped[dict[str, Any]]
    completed_at: Mapped[datetime | None]

    @property
    def folder(self) -> str:
        """What the keys of all its files begin with."""
        return f"exports/{self.id}/"

    @property
    def missing(self) -> list[str]:
        """The services that have not handed out their part yet."""
        return [service for service in KEEPERS if service not in self.parts]

    def take(self, service: str, rows: int) -> None:
        """Note a service's part."""
        self.parts = self.parts | {service: {"rows": rows}}
