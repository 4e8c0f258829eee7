"""A device as its owner registers it; its push token never comes back out."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.adapters.push.subscription import Subscription
from shared.field_errors import wrong
from shared.schema import LanguageTag, Schema

MOST = 20
DevicePlatform = Literal["fcm", "apns", "web"]
DeviceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]


class DeviceIn(Schema):
    """`deviceId` is the app's own name for this installation; `language` is the caller's where it is left
    out. An installed app gives its `token`, a browser (`web`) its `subscription`.
    """

    device_id: DeviceId
    platform: DevicePlatform
    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:%/+=-]{8,4096}$")] | None = None
    subscription: Subscription | None = Field(
        default=None, description="what `PushSubscription.toJSON()` gives"
    )
    language: LanguageTag | None = None

    @model_validator(mode="after")
    def fits_its_platform(self) -> Self:
        """Refuse a browser without a subscription, or with a token, and others the other way round."""
        given = (self.token is not None, self.subscription is not None)
        if given != ((False, True) if self.platform == "web" else (True, False)):
            raise wrong("EITHER_OR", one="token", other="subscription")
        return self

    @property
    def address(self) -> str:
        """Where it is reached, in one text: whoever registers the same later takes it over."""
        return self.subscription.token if self.subscription else self.token or ""


class DeviceOut(Schema):
    device_id: str
    platform: DevicePlatform
    language: str
    created_at: datetime
    updated_at: datetime
