"""A photo as it is sent, and what can be wrong with it."""

from shared.binding import Upload
from shared.errors import Invalid
from shared.schema import Schema

MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


class PhotoIn(Schema):
    """A picture (multipart, or base64 in JSON), at most 10 MB."""

    photo: Upload


class PhotoUnusable(Invalid):
    message = (
        "This photo cannot be used: only whole JPEG, PNG and WebP pictures of at most 50 megapixels can."
    )
