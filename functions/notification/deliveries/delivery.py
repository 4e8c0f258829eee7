"""A delivery as staff see it: no address, no words; and when it can be sent again."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from events.notification import Channel, Kind
from functions.notification.deliveries.retry_schedule import USEFUL_FOR, end_of_use
from functions.notification.tables import Delivery
from shared.errors import Conflict
from shared.schema import Schema

State = Literal["waiting", "sending", "sent", "failed", "expired", "suppressed", "cancelled", "uncertain"]
AGAIN = frozenset({"waiting", "failed", "uncertain"})


class DeliveryNotRetriable(Conflict):
    message = "This message is {state}; it cannot be sent again."


class DeliveryOut(Schema):
    """What became of one message on one channel.

    `reason` is a code or the server's own words. `uncertain`: nobody knows whether it left. `dueAt` is when
    it is tried again, `expiresAt` until when that is worth while.
    """

    id: UUID
    notification_id: UUID
    channel: Channel
    template: str
    kind: Kind
    user_id: UUID | None
    state: State
    reason: str | None
    attempts: int = Field(description="how often a server was asked to take it")
    due_at: datetime | None
    expires_at: datetime | None
    created_at: datetime


def again(delivery: Delivery, now: datetime) -> None:
    """Let it go with the next minute; DeliveryNotRetriable where it is done, or where what it carries has
    ended.
    """
    if delivery.state not in AGAIN or delivery.request is None:
        raise DeliveryNotRetriable(state=delivery.state)
    if delivery.template not in USEFUL_FOR:
        delivery.expires_at = end_of_use(delivery.template, channel_of(delivery), now)
    elif delivery.expires_at and delivery.expires_at <= now:
        raise DeliveryNotRetriable(state="expired")
    delivery.state, delivery.due_at, delivery.attempts, delivery.repeated = "waiting", now, 0, False


def channel_of(delivery: Delivery) -> Channel:
    """The channel, as its type."""
    return "push" if delivery.channel == "push" else "email"
