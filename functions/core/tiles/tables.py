"""The tile as a row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import TenantModel, Version
from shared.db.privacy import Impersonal


class Tile(TenantModel):
    """A tile of the app's first page."""

    __tablename__ = "tiles"
    privacy = Impersonal("what the app's first page leads to")
    titles: Mapped[dict[str, Any]]
    descriptions: Mapped[dict[str, Any]]
    icon: Mapped[str]
    link: Mapped[str | None]
    media_id: Mapped[UUID | None]
    position: Mapped[int]
    publish_at: Mapped[datetime | None]
    expire_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[Version]
