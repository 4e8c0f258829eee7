"""A profile as its owner reads and writes it."""
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

from shared.languages import canonical
from shared.schema import Line, Schema


def known_language(tag: str) -> str:
    """The tag that we store for a language."""
    found = canonical(tag)
    if found is None:
        raise ValueError(f"{tag[:20]!r} is not one of our languages")
    return found


LanguageTag = Annotated[str, AfterValidator(known_language)]


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
