"""A city's header image: what is taken, and where it lies."""

from shared.errors import Invalid
from shared.runtime.binding import Upload
from shared.schema import Schema

LINK_SECONDS = 60 * 60
BODY_LIMIT = 14 * 1024 * 1024  # ten megabytes, as base64 in JSON
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


class HeaderInvalid(Invalid):
    message = "This picture cannot be used: {problem}."


class HeaderIn(Schema):
    """A picture (JPEG, PNG or WebP; multipart, or base64 in JSON) of at most 10 MB."""

    picture: Upload


class HeaderOut(Schema):
    """Where the picture is shown, and its size in pixels."""

    header_url: str
    width: int
    height: int
