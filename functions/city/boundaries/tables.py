"""A city's boundary as a row."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Impersonal


class Boundary(DatedModel):
    """One a city, as exact as it was given; apart from the city's row, which is read all the time."""

    __tablename__ = "boundaries"
    privacy = Impersonal("where the city ends")
    geometry: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]
