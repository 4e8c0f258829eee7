"""What the users service says: about profiles and devices."""

from datetime import datetime
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


class UserDeactivated(Event):
    """A person may not log in any more, until they are reactivated."""

    topic: ClassVar[str] = "user.deactivated"
    user_id: UUID


class UserReactivated(Event):
    """A person may log in again."""

    topic: ClassVar[str] = "user.reactivated"
    user_id: UUID


class TermsPublished(Event):
    """There is a new version of the city's terms of use; where it is mandatory, people must accept it before
    they write.
    """

    topic: ClassVar[str] = "terms.published"
    terms_version: int
    mandatory: bool


class TermsAccepted(Event):
    """A person has accepted a version of the terms of use."""

    topic: ClassVar[str] = "terms.accepted"
    user_id: UUID
    terms_version: int


class ConsentChanged(Event):
    """A person has given or withdrawn their consent to one purpose.

    `decided_at` puts one person's decisions in order, each later than the one before; without it the event's
    own time does.
    """

    topic: ClassVar[str] = "consent.changed"
    user_id: UUID
    purpose: str
    granted: bool
    decided_at: datetime | None = None


class PreferencesChanged(Event):
    """How a person wants to be reached: which channels, and when not (times of day in the city's time zone,
    HH:MM).
    """

    topic: ClassVar[str] = "preferences.changed"
    user_id: UUID
    channels: list[str]
    quiet_from: str | None = None
    quiet_until: str | None = None


class DeviceRegistered(Event):
    """A person's device can be reached by push under this token."""

    topic: ClassVar[str] = "device.registered"
    user_id: UUID
    device_id: str
    platform: Platform
    token: str
    language: str = "de"


class BrowserRegistered(Event):
    """A person's browser can be reached by Web Push: `endpoint` is its push service's address for it.

    `p256dh` and `auth` are what messages are encrypted with that only it can open (RFC 8291); `device.removed`
    takes it back.
    """

    topic: ClassVar[str] = "browser.registered"
    user_id: UUID
    device_id: str
    endpoint: str
    p256dh: str
    auth: str
    language: str = "de"


class DeviceRemoved(Event):
    """A device is not to be reached any more."""

    topic: ClassVar[str] = "device.removed"
    user_id: UUID
    device_id: str
