"""Recipients, their devices, and the record of every delivery."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.orm import DatedModel, TenantModel
from shared.db.privacy import Personal


class Recipient(TenantModel):
    """A person as messages see them; the id is the user's. Guests have no address, quiet hours are times of
    the city's day.
    """

    __tablename__ = "recipients"
    privacy = Personal(
        "id",
        {
            "email": "address",
            "name": "name",
            "language": "language",
            "roles": "roles",
            "channels": "wanted channels",
            "quiet_from": "begin of quiet hours",
            "quiet_until": "end of quiet hours",
            "marketing": "whether advertising is agreed to",
        },
        why="to send the messages that the service consists of (GDPR Art. 6(1)(b))",
        kept="as long as the account, and 30 days",
        on_erasure="delete",
    )
    email: Mapped[str]
    name: Mapped[str]
    language: Mapped[str]
    roles: Mapped[list[str]]
    channels: Mapped[list[str]] = mapped_column(default=lambda: ["email", "push"])
    quiet_from: Mapped[str | None]
    quiet_until: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    marketing: Mapped[bool] = mapped_column(default=False)
    roles_at: Mapped[datetime | None]
    profile_at: Mapped[datetime | None]
    wishes_at: Mapped[datetime | None]
    activity_at: Mapped[datetime | None]
    marketing_at: Mapped[datetime | None]

    def is_news(self, what: str, said_at: datetime) -> bool:
        """Whether nothing newer of this kind was heard before; an older event may arrive after a newer one."""
        heard_at = getattr(self, what)
        if heard_at is not None and heard_at >= said_at:
            return False
        setattr(self, what, said_at)
        return True


class Device(TenantModel):
    """A device that takes pushes; one that was removed stays for a week, without its token."""

    __tablename__ = "devices"
    privacy = Personal(
        "user_id",
        {
            "device_id": "the app's name for the installation",
            "platform": "kind of device",
            "token": "where the device is reached",
        },
        why="to send the pushes that its owner asked for (GDPR Art. 6(1)(a))",
        kept="until the device is removed; that it was, a week longer",
        on_erasure="delete",
        hidden=("token",),
        expires="7 days",
    )
    user_id: Mapped[UUID]
    device_id: Mapped[str]
    platform: Mapped[str]
    token: Mapped[str]
    said_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class Delivery(DatedModel):
    """One message on one channel, and what became of it.

    `due_at` is when something happens to it again: the next try, the end of a lease, or that its request is
    forgotten. The request, which may hold an address, is kept only as long as it may still be sent.
    """

    __tablename__ = "deliveries"
    privacy = Personal(
        "user_id",
        {
            "reason": "why a message could not be delivered",
            "request": "a message that waits",
            "reached": "devices that have it",
        },
        why="to show that a message was sent (GDPR Art. 6(1)(f))",
        kept="a year; what it said until it was sent, and a week where it could not be",
        on_erasure="delete",
        plain=("channel", "template", "kind", "state"),
        expires="365 days",
    )
    notification_id: Mapped[UUID]
    channel: Mapped[str]
    template: Mapped[str]
    kind: Mapped[str]
    user_id: Mapped[UUID | None]
    state: Mapped[str]
    reason: Mapped[str | None] = mapped_column(default=None)
    due_at: Mapped[datetime | None] = mapped_column(default=None)
    request: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), default=None)
    attempts: Mapped[int]
    expires_at: Mapped[datetime | None]
    reached: Mapped[list[str]]
    repeated: Mapped[bool]
    created_at: Mapped[datetime]
