"""The medium as a row, with the rules of its states."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from functions.core.media.media import State
from shared.db.orm import TenantModel
from shared.db.privacy import Personal
from shared.sandbox.pictures import Picture


class Media(TenantModel):
    """A file of the tenant's bucket. What was uploaded lies apart from what is shown: it is never shown
    itself.
    """

    __tablename__ = "media"
    privacy = Personal(
        "created_by",
        {"author": "who made the picture, because its licence demands the name"},
        why="to show pictures, with their authors' names (UrhG §13; GDPR Art. 6(1)(c))",
        kept="until the file is deleted; who uploaded it 30 days after the account",
        on_erasure="anonymise",
        plain=("key", "filename", "content_type", "state", "alt", "licence", "problem"),
    )
    key: Mapped[str]
    filename: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    state: Mapped[str] = mapped_column(default=State.REQUESTED)
    alt: Mapped[str]
    author: Mapped[str]
    licence: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    problem: Mapped[str | None]
    # by published listings; the database counts (migration 0007)
    shown: Mapped[int] = mapped_column(default=0)
    attached: Mapped[int] = mapped_column(default=0)  # to listings and tiles
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    scanned_at: Mapped[datetime | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def url(self) -> str:
        """Where it is shown."""
        return f"/api/media/{self.id}"

    @property
    def folder(self) -> str:
        """What the keys of all its files begin with."""
        return f"media/{self.id}/"

    def show(self, key: str, data: bytes, picture: Picture | None, *, at: datetime) -> None:
        """From now on this file is what everyone sees."""
        self.state, self.key, self.size, self.updated_at = State.READY, key, len(data), at
        if picture:
            self.width, self.height = picture.width, picture.height

    def wait(self, *, at: datetime) -> None:
        """Not shown before somebody has looked for malware in it."""
        self.state, self.updated_at = State.SCANNING, at

    def refuse(self, problem: str, *, at: datetime) -> None:
        """Never show it, and remember why."""
        self.state, self.problem, self.updated_at = State.REFUSED, problem, at
