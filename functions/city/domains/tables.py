"""A city's host name as a row."""

from datetime import datetime

from sqlalchemy.orm import Mapped

from functions.city.domains.domain import PREFIX, TxtRecord
from shared.db.orm import DatedModel
from shared.db.privacy import Impersonal


class Domain(DatedModel):
    """Wanted until `proven_at`, then the city's."""

    __tablename__ = "domains"
    privacy = Impersonal("host names that a city has in the public DNS")
    name: Mapped[str]
    challenge: Mapped[str]
    proven_at: Mapped[datetime | None]

    @property
    def record(self) -> TxtRecord:
        """What proves it."""
        return TxtRecord(name=f"{PREFIX}.{self.name}", value=self.challenge)
