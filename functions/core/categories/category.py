"""A category as admins write it and readers see it, and what can be wrong with it."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from shared.errors import Conflict
from shared.schema import LanguageTag, Line, NotNull, Schema, Slug


class CategoryExists(Conflict):
    message = "There is already a category '{slug}'."


class CategoryNotEmpty(Conflict):
    message = "This category still holds {listings} listings and {children} sub-categories; move or delete them first."


class CategoryTooDeep(Conflict):
    message = "There are two levels of categories: one that is below another cannot hold others."


Names = Annotated[dict[LanguageTag, Line], Field(min_length=1, max_length=20, description="language → name")]
Icon = Annotated[str, Field(pattern=r"^[a-z0-9-]{0,80}$", description="name of a symbol, for example `swim`")]
Position = Annotated[int, Field(ge=0, le=10_000, description="smaller ones come first")]


class CategoryIn(Schema):
    """A new category; with a parent it is a sub-category. Without a slug it gets one from its name."""

    names: Names
    slug: Slug | None = None
    icon: Icon = ""
    position: Position = 0
    parent_id: UUID | None = None


class CategoryChanges(Schema):
    """What of a category changes; what is left out stays. `parentId: null` moves it to the first level."""

    names: NotNull[Names] = None
    icon: NotNull[Icon] = None
    position: NotNull[Position] = None
    parent_id: UUID | None = None


class CategoryOut(Schema):
    """A category in the reader's language; `listings` counts the published ones, those of its sub-categories
    included.
    """

    id: UUID
    parent_id: UUID | None
    slug: str
    name: str
    icon: str
    position: int
    listings: int


class CategoryTree(CategoryOut):
    """A category of the first level with its sub-categories."""

    children: list[CategoryOut]


class CategoryDetail(CategoryTree):
    """One category with its names in all languages; `version` counts its changes."""

    names: dict[str, str]
    version: int
