"""A favourite as a row."""

from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Personal


class Favorite(DatedModel):
    """A listing that a person keeps at hand."""

    __tablename__ = "favorites"
    privacy = Personal(
        "user_id",
        {"listing_id": "what the person keeps at hand", "created_at": "since when"},
        why="to show people what they have marked (GDPR Art. 6(1)(b))",
        kept="until it is taken off the list, or 30 days after the account",
        on_erasure="delete",
    )
    user_id: Mapped[UUID]
    listing_id: Mapped[UUID]
