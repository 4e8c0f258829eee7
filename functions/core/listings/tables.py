"""The listing as a row, with the rules of its state machine."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from functions.core.listings.listing import ListingNotPending, Status
from shared.db.orm import DatedModel
from shared.db.privacy import Personal


class Listing(DatedModel):
    """draft → pending_approval → published | rejected; published → draft | archived (requirements §3.4)."""

    __tablename__ = "listings"
    privacy = Personal(
        ("created_by", "decided_by"),
        {"contact": "whom the author names as a contact"},
        why="to publish what was written for publication, and to ask its author (GDPR Art. 6(1)(e))",
        kept="until the listing is deleted; its author 30 days after the account",
        on_erasure="anonymise",
        plain=(
            "slug",
            "status",
            "language",
            "title",
            "summary",
            "description",
            "address",
            "opening_hours",
            "tags",
            "media",
            "source",
            "rejection_reason",
        ),
        blank={"contact": "NULL"},
    )
    category_id: Mapped[UUID]
    slug: Mapped[str]
    status: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    language: Mapped[str]
    title: Mapped[str]
    summary: Mapped[str]
    description: Mapped[str]
    address: Mapped[dict[str, Any] | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    opening_hours: Mapped[dict[str, Any] | None]
    contact: Mapped[dict[str, Any] | None]
    tags: Mapped[list[str]]
    media: Mapped[list[Any]]
    source: Mapped[str]
    created_by: Mapped[UUID]
    decided_by: Mapped[UUID | None]
    decided_at: Mapped[datetime | None]
    rejection_reason: Mapped[str | None]
    outside_boundary: Mapped[bool | None]
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]

    @property
    def location(self) -> dict[str, float] | None:
        """Latitude and longitude, where the listing has a place."""
        return None if self.lat is None or self.lon is None else {"lat": self.lat, "lon": self.lon}

    def approve(self, *, by: UUID, at: datetime) -> None:
        """Publish a pending listing; its earlier rejection is forgotten."""
        self.decide(Status.PUBLISHED, by=by, at=at)
        self.published_at, self.rejection_reason = at, None

    def reject(self, *, by: UUID, at: datetime, reason: str) -> None:
        """Refuse a pending listing and say why."""
        self.decide(Status.REJECTED, by=by, at=at)
        self.rejection_reason = reason

    def decide(self, status: Status, *, by: UUID, at: datetime) -> None:
        """Only what is pending can be decided."""
        if self.status != Status.PENDING:
            raise ListingNotPending(status=self.status)
        self.status = status
        self.version += 1
        self.decided_by, self.decided_at, self.updated_at = by, at, at
