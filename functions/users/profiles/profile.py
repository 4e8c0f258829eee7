"""A profile as its owner reads and writes it."""
from datetime import datetime
from uuid import UUID

from shared.schema import LanguageTag, Line, Schema


class ProfileOut(Schema):
    id: UUID
    email: str
    name: str
    language: str
    created_at: datetime
    updated_at: datetime


class ProfileChange(Schema):
    """What is left out, or null, stays as it is."""

    name: Line | None = None
    language: LanguageTag | None = None
