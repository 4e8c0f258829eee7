"""A guest as apps see one: a device and its secret, and the way from there to an account with an address."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from functions.auth.city_resolution import agreed_city, refuse_unopened
from functions.auth.one_time_tokens import LENGTH
from functions.auth.password import Password
from functions.auth.sessions.session import SignedIn
from functions.auth.sessions.throttle import count, fingerprint
from shared.adapters import redis
from shared.context import Context
from shared.errors import Conflict, Invalid, Unauthenticated, UnknownTenant
from shared.kit.ids import PLATFORM_ID
from shared.schema import Email, LanguageTag, Line, Schema

VALID_FOR = timedelta(hours=24)
KEPT_FOR = timedelta(days=365)
FREE = 50  # new guests, and returning ones, of one address in an hour
DeviceSecret = Annotated[SecretStr, Field(min_length=1, max_length=100)]


class GuestIn(Schema):
    """`deviceId` is what the app calls the device; `tenantId` as at the login."""

    device_id: Line
    platform: Literal["android", "ios", "web"] | None = None
    language: LanguageTag | None = None
    tenant_id: Annotated[str, Field(min_length=1, max_length=63)] | None = None


class GuestSignedIn(SignedIn):
    """`deviceSecret` is shown this once: with it the device comes back when its tokens have expired."""

    device_secret: str


class GuestLogin(Schema):
    """Device and secret, together; nobody gets in with the id of a user or of a device."""

    device_id: Line
    device_secret: DeviceSecret
    tenant_id: Annotated[str, Field(min_length=1, max_length=63)] | None = None


class ConversionIn(Schema):
    """What the guest wants to log in with from now on; `deviceSecret` shows that the device asks, not just a
    token.
    """

    email: Email
    name: Line
    password: Password
    device_secret: DeviceSecret


class ConversionStarted(Schema):
    """A mail is on its way, whether or not the address has an account here already."""

    status: Literal["verification_sent"] = "verification_sent"


class ConversionProof(Schema):
    """`token` is what the mailed link ends with."""

    token: Annotated[str, StringConstraints(max_length=2 * LENGTH)]


class GuestUnknown(Unauthenticated):
    message = "This device is no guest here, or no longer."


class GuestsOnly(Conflict):
    message = "Only guests do this; you have an account with an e-mail address already."


class DeviceSecretWrong(Invalid):
    message = "This is not the secret of the device that the guest belongs to."


def enter_as_guest(ctx: Context, named: str | None) -> None:
    """Go on in the city that is meant, which the platform is not; TooManyAttempts for an address with too
    many guests.
    """
    city = agreed_city(ctx, named)
    if city.id == PLATFORM_ID:
        raise UnknownTenant(tenant=city.slug)
    refuse_unopened(city)
    count([redis.key(city.id, "guest", fingerprint(ctx.address))], FREE)
    ctx.enter(city)
