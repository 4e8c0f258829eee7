"""An erasure as a row; its id is the erased person's."""

from datetime import datetime

from sqlalchemy.orm import Mapped

from shared.db.orm import DatedModel
from shared.db.privacy import Personal


class Erasure(DatedModel):
    """That a person is being erased, and which services have confirmed it."""

    __tablename__ = "erasures"
    privacy = Personal(
        (),
        {},
        why="to show that everything was erased, and to find out where it was not (GDPR Art. 5(2), 17)",
        kept="as long as the city; the id alone, which stands for nobody any more",
        on_erasure="anonymise",
        whose="id = :person",
        plain=("confirmed",),
    )
    said_at: Mapped[datetime]
    confirmed: Mapped[list[str]]
    completed_at: Mapped[datetime | None]
