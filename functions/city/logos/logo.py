"""A city's logo: what is taken, and where it lies."""

from shared.errors import Invalid
from shared.runtime.binding import Upload
from shared.schema import Schema

BODY_LIMIT = 3 * 1024 * 1024  # two megabytes, as base64 in JSON
MOST_BYTES = 2 * 1024 * 1024
CONTENT_TYPES = {"jpg": "image/jpeg", "png": "image/png"}  # what every mail program shows


class CityLogoInvalid(Invalid):
    message = "This logo cannot be used: {problem}."


class LogoIn(Schema):
    """A picture (JPEG or PNG; multipart, or base64 in JSON) of at most 2 MB."""

    picture: Upload


class LogoOut(Schema):
    """Where the logo is shown, and its size in pixels, at most 400 a side."""

    logo_url: str
    width: int
    height: int
