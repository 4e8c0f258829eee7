"""What apps may say about their use: words from lists, ids and times. There is no field for a text that
somebody has written.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, WithJsonSchema

from shared.errors import ValidationFailed
from shared.field_errors import found, wrong
from shared.schema import LanguageTag, Schema, Slug

Name = Literal[
    "app_started",
    "screen_viewed",
    "category_opened",
    "tile_opened",
    "listing_viewed",
    "search_done",
    "search_without_hits",
    "push_opened",
]
Platform = Literal["android", "ios", "web"]
OLDEST = timedelta(days=7)  # so long may an app be without a network
SKEW = timedelta(minutes=1)  # so far may a phone's clock be ahead


def given(consent: bool) -> bool:  # noqa: FBT001 (a field's value)
    """Consent, unless it is not given; to `Literal[True]` the number 1 would be consent too."""
    if not consent:
        raise wrong("NO_CONSENT")
    return consent


def random(chosen: UUID) -> UUID:
    """An id of version 4; other versions hold a time or a device, and people's ids here are version 7."""
    if chosen.version != 4:
        raise wrong("NOT_RANDOM")
    return chosen


Consent = Annotated[bool, AfterValidator(given), WithJsonSchema({"type": "boolean", "const": True})]
RandomId = Annotated[UUID, AfterValidator(random)]


class UsageEvent(Schema):
    """Something that happened in an app; its own id and the visitor's are UUIDs of version 4, which are
    random.
    """

    id: Annotated[
        RandomId, Field(description="made by the app: what is sent again under the same id counts once")
    ]
    name: Name
    at: Annotated[AwareDatetime, Field(description="not in the future, at most 7 days ago")]
    visitor_id: Annotated[
        RandomId,
        Field(description="made by the app itself, after consent; never a person's or a device's id"),
    ]
    listing_id: UUID | None = None
    category_id: UUID | None = None
    screen: Slug | None = None
    platform: Platform | None = None
    language: LanguageTag | None = None


class EventBatch(Schema):
    """What an app sends of somebody who has agreed to it."""

    consent: Consent
    events: Annotated[list[UsageEvent], Field(min_length=1, max_length=100)]


class Received(Schema):
    """How many events came in, those that were known already among them."""

    received: int


def refuse_times(events: list[UsageEvent], now: datetime) -> None:
    """ValidationFailed names every event that is too old, or has not happened yet."""
    wrong = [number for number, event in enumerate(events) if not now - OLDEST <= event.at <= now + SKEW]
    if wrong:
        raise ValidationFailed(
            errors=[found(f"events.{number}.at", "NOT_RECENT", days=OLDEST.days) for number in wrong[:20]]
        )
