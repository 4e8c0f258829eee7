"""What the notification service hears and says."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from events.base import Event

Channel = Literal["email", "push"]
Kind = Literal["account", "notice", "reminder", "alert"]


class MessageFile(BaseModel):
    """A file that a mail brings along: its key in the city's bucket, and how its reader sees it."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)
    key: str
    name: str
    content_type: str


class NotificationRequested(Event):
    """One message to one person: by their user id, or by an address where they have no account yet.

    `template` names the text, `values` fill it; the language is the person's, or `language` for an address.
    `sealed` are values that nobody but the mail itself may show (shared/kit/enclosures.py).
    `kind` decides when it comes: an `account` message in any case and at once; a `notice` unless its channel
    is switched off, and as a push after quiet hours; a `reminder`, which somebody asked for, and an `alert`
    in quiet hours too. Without one the template says it. An alert goes before everything that waits.
    `link` is where a push or a mail's button leads (shared/tenancy/app_links.py). `unsubscribe_url`, of
    http(s), takes a POST without cookies (RFC 8058). `files` go along with a mail, 200 kB in sum.
    """

    topic: ClassVar[str] = "notification.requested"
    notification_id: UUID
    channel: Channel
    template: str
    user_id: UUID | None = None
    address: str | None = None
    language: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    sealed: dict[str, str] = Field(default_factory=dict)
    kind: Kind | None = None
    link: Annotated[str, Field(pattern=r"^https?://[!-;=?-~]{3,800}$")] | None = None
    unsubscribe_url: Annotated[str, Field(pattern=r"^https?://[!-;=?-~]{3,800}$")] | None = None
    files: list[MessageFile] = Field(default_factory=list)


class NotificationSent(Event):
    """A message was handed to the mail server or the push service."""

    topic: ClassVar[str] = "notification.sent"
    notification_id: UUID
    channel: Channel
    template: str
    user_id: UUID | None = None


class NotificationFailed(Event):
    """A message cannot be delivered."""

    topic: ClassVar[str] = "notification.failed"
    notification_id: UUID
    channel: Channel
    template: str
    user_id: UUID | None = None
    reason: str
