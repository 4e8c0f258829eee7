"""A medium as clients announce and read it, its states, and what can be wrong with it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.errors import Conflict, Invalid, PayloadTooLarge, Unavailable
from shared.kit.settings import settings
from shared.schema import Line, Schema, text

ContentType = Literal["image/jpeg", "image/png", "image/webp", "application/pdf"]
UPLOAD_SECONDS = 15 * 60
# of what everyone sees: a kept answer never names a link that has ended
LINK_SECONDS, CACHE_SECONDS = 5 * 60, 4 * 60
PRIVATE_SECONDS = 60


class State(StrEnum):
    """requested → uploaded (→ scanning, while the virus scanner is away) → ready | refused."""

    REQUESTED = "requested"
    UPLOADED = "uploaded"
    SCANNING = "scanning"
    READY = "ready"
    REFUSED = "refused"


class FileTooLarge(PayloadTooLarge):
    message = "A file of this kind may have at most {limit} bytes."


class UploadMissing(Conflict):
    message = "The file has not arrived yet; send it to the link that the upload was given."


class UploadMismatch(Invalid):
    message = "The file is not what was announced: {announced} was announced, {found} has arrived."


class MediaNotReady(Unavailable):
    message = "This file is being processed. Try again in a few seconds."


class MediaInUse(Conflict):
    message = "This file is shown to everyone; an admin can delete it."


def base_name(filename: str) -> str:
    """The last part of what may be a whole path."""
    return filename.replace("\\", "/").rstrip("/").rpartition("/")[2].strip(". ") or "upload"


class UploadIn(Schema):
    """A file that somebody wants to send; author and licence are shown wherever it is."""

    filename: Annotated[Line, AfterValidator(base_name)]
    content_type: ContentType
    size: Annotated[int, Field(ge=1, description="bytes; pictures at most 10 MB, documents 50 MB")]
    alt: Annotated[str, text(500)] = ""
    author: Line
    licence: Line

    def check_size(self) -> None:
        """FileTooLarge when the file is larger than its kind may be."""
        limit = (
            settings().max_upload_bytes
            if self.content_type.startswith("image/")
            else settings().max_document_bytes
        )
        if self.size > limit:
            raise FileTooLarge(limit=limit)


class UploadOut(Schema):
    """Where and how to send the file: this method, these headers, within `expiresIn` seconds."""

    media_id: UUID
    url: str
    method: str
    headers: dict[str, str]
    expires_in: int


class MediaOut(Schema):
    """What is known about a medium; width and height in pixels, size in bytes, `problem` where it was
    refused.

    `scannedAt` is when no malware was found in it; null where there is no virus scanner.
    """

    id: UUID
    state: State
    url: str
    filename: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    alt: str
    author: str
    licence: str
    problem: str | None
    scanned_at: datetime | None
    created_at: datetime


def content_type_of(data: bytes) -> str:
    """The content type that a file's first bytes tell; empty for kinds that we do not take."""
    if data[:3] == b"\xff\xd8\xff":
        return "image/jpeg"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "application/pdf" if b"%PDF-" in data[:1024] else ""
