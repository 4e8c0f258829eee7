"""The category as a row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped

from shared.db.orm import TenantModel, Version
from shared.db.privacy import Impersonal


class Category(TenantModel):
    """A category of the first level, or with a parent one of the second."""

    __tablename__ = "categories"
    privacy = Impersonal("the city's headings")
    parent_id: Mapped[UUID | None]
    slug: Mapped[str]
    names: Mapped[dict[str, Any]]
    icon: Mapped[str]
    position: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[Version]
