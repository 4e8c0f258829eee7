"""A tile as admins write it and readers see it, and what can be wrong with it."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from functions.core.categories.category import Icon, Names
from functions.core.listings.listing import Picture
from shared.errors import Conflict, Invalid
from shared.rich_text import RichText
from shared.schema import Instant, LanguageTag, NotNull, Schema, WebAddress

MOST = 100
AppPath = Annotated[
    str, StringConstraints(pattern=r"^/([^/\s\\\x00-\x1f][^\s\\\x00-\x1f]*)?$", max_length=2000)
]


class TooManyTiles(Conflict):
    message = "A city has at most {limit} tiles; delete one first."


class TilesIncomplete(Conflict):
    message = "The new order must name every tile of the city exactly once."


class TileNeverShown(Invalid):
    message = "This tile would expire before it is published."


Descriptions = Annotated[
    dict[LanguageTag, RichText], Field(max_length=20, description="language → rich text")
]
Link = Annotated[
    WebAddress | AppPath, Field(description="a web address, or a path of the app that begins with a slash")
]


class TileIn(Schema):
    """A new tile, shown from `publishAt` (else at once) until `expireAt` (else for good); it is the last one."""

    titles: Names
    descriptions: Descriptions = Field(default_factory=dict)
    icon: Icon = ""
    link: Link | None = None
    media_id: UUID | None = None
    publish_at: Instant | None = None
    expire_at: Instant | None = None

    @model_validator(mode="after")
    def is_shown_sometime(self) -> Self:
        """Refuse an end before the beginning."""
        check_times(self.publish_at, self.expire_at)
        return self


class TileChanges(Schema):
    """What of a tile changes; what is left out stays, null takes away what a tile may lack."""

    titles: NotNull[Names] = None
    descriptions: NotNull[Descriptions] = None
    icon: NotNull[Icon] = None
    link: Link | None = None
    media_id: UUID | None = None
    publish_at: Instant | None = None
    expire_at: Instant | None = None


class TileOut(Schema):
    """A tile in the reader's language; a picture comes with its author and licence."""

    id: UUID
    title: str
    description: str
    icon: str
    link: str | None
    picture: Picture | None
    position: int
    publish_at: datetime | None
    expire_at: datetime | None


class TileDetail(TileOut):
    """One tile with its texts in all languages; `version` counts its changes."""

    titles: dict[str, str]
    descriptions: dict[str, str]
    version: int


def check_times(publish_at: datetime | None, expire_at: datetime | None) -> None:
    """TileNeverShown where the end comes before the beginning."""
    if publish_at and expire_at and expire_at <= publish_at:
        raise TileNeverShown
