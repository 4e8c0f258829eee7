"""Rich text that people write: the tags and attributes that may stay, and nothing that runs."""

from typing import Annotated

from pydantic import AfterValidator

from shared.schema import text

ALLOWED_TAGS = {"p", "br", "b", "strong", "i", "em", "ul", "ol", "li", "a", "h3", "h4", "blockquote"}


def safe_html(html: str) -> str:
    """Rich text with the tags and attributes that it may use; scripts and styles are removed."""
    import nh3

    return (
        nh3.clean(
            html,
            tags=ALLOWED_TAGS,
            attributes={"a": {"href", "title"}},
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel="noopener noreferrer nofollow",
        )
        if "<" in html or "&" in html
        else html
    )


RichText = Annotated[str, text(20_000), AfterValidator(safe_html)]
