"""What the notification service hears and says."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from events.base import Event

Channel = Literal["email", "push"]


class NotificationRequested(Event):
    """One message to one person: by their user id, or by an address where they have no account yet.

    `template` names the text, `values` fill it; the language is the person's, or `language` for an address.
    `sealed` are values that nobody but the mail itself may show (shared/kit/enclosures.py).
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
