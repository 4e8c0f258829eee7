"""A legal text as a city writes it and everyone reads it, and what can be wrong with it."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, model_validator

from shared.errors import Conflict
from shared.field_errors import wrong
from shared.rich_text import safe_html
from shared.schema import LanguageTag, Schema, text

GAP = "[…]"  # what a draft leaves open
MARKUP = re.compile(r"<[^>]*>|&nbsp;|\s")


class Kind(StrEnum):
    """The texts that the law wants of a city's app."""

    IMPRINT = "imprint"
    PRIVACY = "privacy"
    ACCESSIBILITY = "accessibility"


class CityLacksImprint(Conflict):
    message = "This city has not published an imprint in its first language ({language}); without one it cannot be activated."


def visible(html: str) -> str:
    """The text, refused where nothing of it can be seen."""
    if not MARKUP.sub("", html):
        raise wrong("NOTHING_VISIBLE")
    return html


LegalWords = Annotated[str, text(100_000, 1), AfterValidator(safe_html), AfterValidator(visible)]


class LegalTextIn(Schema):
    """A new version in one language; without `publish` it is a draft."""

    language: LanguageTag
    text: LegalWords
    publish: bool = False

    @model_validator(mode="after")
    def without_gaps(self) -> Self:
        """Refuse to publish what a draft has left open."""
        if self.publish and GAP in self.text:
            raise wrong("HAS_GAPS", gap=GAP)
        return self


class LegalTextOut(Schema):
    """One version of a legal text."""

    kind: Kind
    language: str
    version: int
    text: str
    published: bool
    created_at: datetime


class LegalTextVersion(LegalTextOut):
    """A version as the city sees it; the platform's own drafts were written by nobody."""

    id: UUID
    written_by: UUID | None
