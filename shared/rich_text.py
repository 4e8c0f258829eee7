"""Rich text that people write: the tags and attributes that may stay, and nothing that runs."""

from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from shared.schema import text

if TYPE_CHECKING:
    import nh3

ALLOWED_TAGS = {"p", "br", "b", "strong", "i", "em", "ul", "ol", "li", "a", "h3", "h4", "blockquote"}


def safe_html(html: str) -> str:
    """Rich text with the tags and attributes that it may use; scripts and styles are removed."""
    return cleaner().clean(html) if "<" in html or "&" in html else html


@lru_cache(1)
def cleaner() -> "nh3.Cleaner":
    """What takes out all that may not stay; made once."""
    import nh3

    return nh3.Cleaner(
        tags=ALLOWED_TAGS,
        attributes={"a": {"href", "title"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel="noopener noreferrer nofollow",
    )


RichText = Annotated[str, text(20_000), AfterValidator(safe_html)]
