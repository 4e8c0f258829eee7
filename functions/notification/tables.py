"""Recipients, their devices, and the record of every delivery."""
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from shared.orm import TenantModel


class Recipient(TenantModel):
    """A person as messages see them; the id is the user's."""

    __tablename__ = "recipients"
    email: Mapped[str]
    name: Mapped[str]
    language: Mapped[str]
    roles: Mapped[list[str]]


class Device(TenantModel):
    """A device that takes pushes."""

    __tablename__ = "devices"
    user_id: Mapped[UUID]
    device_id: Mapped[str]
    platform: Mapped[str]
    token: Mapped[str]


class Delivery(TenantModel):
    """What became of one message on one channel."""

    __tablename__ = "deliveries"
    notification_id: Mapped[UUID]
    channel: Mapped[str]
    template: Mapped[str]
    user_id: Mapped[UUID | None]
    state: Mapped[str]
    reason: Mapped[str | None] = mapped_column(default=None)
