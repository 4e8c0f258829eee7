"""What the users service says: about profiles and devices."""
from typing import ClassVar, Literal
from uuid import UUID

from events.base import Event

Platform = Literal["fcm", "apns"]


class UserUpdated(Event):
    """A person has changed their name or their language."""

    topic: ClassVar[str] = "user.updated"
    user_id: UUID
    name: str
    language: str


class DeviceRegistered(Event):
    """A person's device can be reached by push under this token."""

    topic: ClassVar[str] = "device.registered"
    user_id: UUID
    device_id: str
    platform: Platform
    token: str
    language: str = "de"


class DeviceRemoved(Event):
    """A device is not to be reached any more."""

    topic: ClassVar[str] = "device.removed"
    user_id: UUID
    device_id: str
