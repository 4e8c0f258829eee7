"""A client app as a city registers and reads it, and what can be wrong with its credentials."""

import hashlib
import secrets
from datetime import datetime
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, AliasChoices, Field, StringConstraints, model_validator

from shared.errors import Conflict, Problem
from shared.field_errors import wrong
from shared.schema import Line, Schema, WebAddress

Platform = Literal["ios", "android", "web"]
BundleId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)+$", max_length=155)
]
RedirectAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^(https?://[^\s/?#*\x00-\x1f]+|[a-z][a-z0-9+-]*\.[a-z0-9+.-]+:)(/[^\s#*\x00-\x1f]*)?$",
        max_length=2000,
    ),
]
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


class AppRevoked(Conflict):
    message = "This app was revoked; register a new one."


class AppCredentialsWrong(Problem):
    status = 401
    message = "The app or its secret is not known here."


def protected(address: str) -> str:
    """An address that nobody on the way can read, or that never leaves the machine; ValueError for others
    (RFC 8252 §7.3).
    """
    url = urlsplit(address)
    if url.scheme == "http" and (url.hostname or "") not in LOCAL:
        raise wrong("ONLY_HTTPS")
    if url.username is not None or "@" in url.netloc:
        raise wrong("NO_USER_NAMES")
    return address


def bare(address: str) -> str:
    """An origin: scheme, host and port alone (RFC 6454 §6.2); ValueError for others."""
    url = urlsplit(address)
    if address.lower() != f"{url.scheme}://{url.netloc}".lower() or "*" in url.netloc:
        raise wrong("ORIGIN_ONLY")
    return address.lower()


Origin = Annotated[WebAddress, AfterValidator(protected), AfterValidator(bare)]
# no fragment (RFC 6749 §3.1.2); apps' own schemes have a dot
Redirect = Annotated[RedirectAddress, AfterValidator(protected)]


class AppIn(Schema):
    """A new app: where it may be called from (`origins`, web only) and where a login may lead back to
    (`redirects`).
    """

    name: Line
    platform: Platform
    bundle_id: BundleId | None = None
    origins: Annotated[list[Origin], Field(max_length=20)] = Field(default_factory=list)
    redirects: Annotated[list[Redirect], Field(max_length=20)] = Field(default_factory=list)

    @model_validator(mode="after")
    def fits_its_platform(self) -> Self:
        """Refuse a web app with a bundle id or without an origin, and an installed one the other way round."""
        if self.platform == "web" and (self.bundle_id or not self.origins):
            raise wrong("WEB_APP_FIELDS")
        if self.platform != "web" and (self.origins or not self.bundle_id):
            raise wrong("INSTALLED_APP_FIELDS")
        return self


class AppOut(Schema):
    """An app, without its secret, which nobody can read again."""

    client_id: UUID = Field(validation_alias=AliasChoices("client_id", "id"))
    name: str
    platform: Platform
    bundle_id: str | None
    origins: list[str]
    redirects: list[str]
    created_at: datetime
    rotated_at: datetime | None
    previous_until: datetime | None
    revoked_at: datetime | None


class AppWithSecret(AppOut):
    """An app with its new secret, which is shown this once."""

    secret: str


class AppCredentials(Schema):
    """What an app proves itself with."""

    client_id: UUID
    secret: Annotated[str, StringConstraints(min_length=1, max_length=200)]


def new_secret() -> str:
    """256 random bits, with a name by which scanners find one that has leaked."""
    return "heidi_app_" + secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    """What is kept of a secret; random as it is, one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()
