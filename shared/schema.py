"""What the API's bodies have in common: camelCase outside, unknown fields refused, pages of a list."""
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from shared.languages import canonical

T = TypeVar("T")
NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


def text(max_length: int, min_length: int = 0) -> StringConstraints:
    """A trimmed text without control characters."""
    return StringConstraints(strip_whitespace=True, min_length=min_length, max_length=max_length, pattern=NO_CONTROL)


Line = Annotated[str, text(200, 1)]
Words = Annotated[str, text(2_000)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254,
                                         pattern=r"^[^\s@<>,;:\"\\]+@[^\s@<>,;:\"\\]+\.[^\s@<>,;:\"\\.]+$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s/?#\x00-\x1f]+[^\s\x00-\x1f]*$", max_length=2000)]


def known_language(tag: str) -> str:
    """The tag that we store for a language; ValueError for one that is not ours."""
    if (found := canonical(tag)) is None:
        raise ValueError(f"{tag[:20]!r} is not one of our languages")
    return found


LanguageTag = Annotated[str, AfterValidator(known_language)]


class Schema(BaseModel):
    """A body that goes out, or comes in."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, extra="forbid")


class Page(Schema, Generic[T]):
    """One page of a list; `nextCursor` is null on the last one, `total` is there when it was asked for."""

    items: list[T]
    next_cursor: str | None = None
    total: int | None = None
