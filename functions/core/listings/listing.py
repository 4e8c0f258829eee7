"""A listing as clients write and read it, and what can be wrong with it."""

import re
import unicodedata
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.errors import Conflict
from shared.kit.ids import new_id
from shared.rich_text import RichText
from shared.schema import CLOCK_TO_MIDNIGHT, Email, LanguageTag, Line, Schema, WebAddress, Words, line, text

TAGS = 20
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ı": "i"}
)


class Status(StrEnum):
    """The states of requirements §3.4."""

    DRAFT = "draft"
    PENDING = "pending_approval"
    PUBLISHED = "published"
    REJECTED = "rejected"
    ARCHIVED = "archived"


class ListingNotPending(Conflict):
    message = "This listing is {status}; only one that waits for approval can be decided."


Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Clock = Annotated[str, Field(pattern=CLOCK_TO_MIDNIGHT)]
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "holiday"]


class Address(Schema):
    street: Line | None = None
    postcode: Annotated[str, line(12)] | None = None
    city: Line | None = None


class Location(Schema):
    lat: Latitude
    lon: Longitude


class Contact(Schema):
    name: Line | None = None
    phone: Annotated[str, line(50)] | None = None
    email: Email | None = None
    website: WebAddress | None = None


class OpeningHours(Schema):
    days: dict[Day, Annotated[list[tuple[Clock, Clock]], Field(max_length=6)]] = Field(default_factory=dict)
    note: Words | None = None


class Picture(Schema):
    """One of the listing's media; author and licence are shown wherever the picture is."""

    id: UUID
    url: str
    alt: str = ""
    author: str = ""
    licence: str = ""


class ListingIn(Schema):
    """A listing as an author writes it."""

    category_id: UUID
    title: Annotated[str, line(200, 3)]
    summary: Annotated[str, text(500)] = ""
    description: RichText = ""
    language: LanguageTag | None = None
    address: Address | None = None
    location: Location | None = None
    opening_hours: OpeningHours | None = None
    contact: Contact | None = None
    tags: Annotated[list[Annotated[str, line(50, 1)]], Field(max_length=TAGS)] = Field(default_factory=list)
    media_ids: Annotated[list[UUID], Field(max_length=20)] = Field(default_factory=list)
    draft: bool = False
    publish: bool = False


class ListingOut(Schema):
    """A listing as a reader sees it. `rejectionReason` and `outsideBoundary` are there for its author and for
    admins.

    `outsideBoundary` is null where the listing has no place, or the city no boundary.
    """

    id: UUID
    slug: str
    category_id: UUID
    status: Status
    version: int
    language: str
    title: str
    summary: str
    description: str
    address: Address | None
    location: Location | None
    opening_hours: OpeningHours | None
    contact: Contact | None
    tags: list[str]
    media: list[Picture]
    source: str
    rejection_reason: str | None = None
    outside_boundary: bool | None = None
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


def slug_for(title: str) -> str:
    """A readable address for a title; its random end makes it unique."""
    plain = unicodedata.normalize("NFKD", title.lower().translate(UMLAUTS)).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return f"{words or 'eintrag'}-{new_id().hex[-6:]}"


def as_json(value: Schema | None) -> str | None:
    """A part of a listing as the JSON that the table keeps; what was left out stays out."""
    return value.model_dump_json(by_alias=True, exclude_none=True) if value else None
