"""A device as its owner registers it; its push token never comes back out."""

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from events.users import Platform
from shared.schema import LanguageTag, Schema

MOST = 20
DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]


class DeviceIn(Schema):
    """`deviceId` is the app's own name for this installation; `language` is the caller's where it is left
    out.
    """

    device_id: DeviceId
    platform: Platform
    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:%/+=-]{8,4096}$")]
    language: LanguageTag | None = None


class DeviceOut(Schema):
    device_id: str
    platform: Platform
    language: str
    created_at: datetime
    updated_at: datetime
