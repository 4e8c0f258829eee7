"""Where a browser is reached (W3C Push API): its push service's address, and the keys that only it can open."""

from base64 import urlsafe_b64decode
from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints

from shared.adapters.public_addresses import is_public
from shared.field_errors import wrong
from shared.kit.settings import settings
from shared.schema import Schema

POINT, SECRET = 65, 16  # bytes: an uncompressed point of P-256, the authentication secret (RFC 8291 §3.2)
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{20,90}={0,2}$")]


def private_hosts() -> list[str]:
    """Hosts of our own that are push services: the stand-in of a laptop."""
    return [host for host in settings().webpush_private_hosts.split(",") if host]


def outside(endpoint: str) -> str:
    """An https address of the public internet, on its usual port; refused are others.

    A name is looked up when something is sent, and the connection goes to the address that was found public.
    """
    url = urlsplit(endpoint)
    host = url.hostname or ""
    if "@" in url.netloc or url.fragment:
        raise wrong("NO_USER_NAMES")
    if host in private_hosts():
        return endpoint
    if url.scheme != "https" or url.port not in {None, 443}:
        raise wrong("ONLY_HTTPS")
    if "." not in host.strip("."):
        raise wrong("NOT_A_WEB_ADDRESS")
    if (host[-1:].isdigit() or ":" in host) and not is_public_number(host):
        raise wrong("NOT_A_WEB_ADDRESS")
    return endpoint


def is_public_number(host: str) -> bool:
    """Whether it is a numeric address, of the public internet."""
    try:
        return is_public(str(ip_address(host)))
    except ValueError:
        return False


def decoded(text: str) -> bytes:
    """Bytes of base64url, with or without its padding."""
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def a_point(text: str) -> str:
    """A public key on the curve P-256; refused are another."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if len(decoded(text)) != POINT:
        raise wrong("NOT_VALID")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(text))
    except ValueError:
        raise wrong("NOT_VALID") from None
    return text.rstrip("=")


def a_secret(text: str) -> str:
    """An authentication secret; refused are anything of another length."""
    if len(decoded(text)) != SECRET:
        raise wrong("NOT_VALID")
    return text.rstrip("=")


class Keys(Schema):
    """What messages to one browser are encrypted with."""

    p256dh: Annotated[Base64, AfterValidator(a_point), Field(description="its public key, base64url")]
    auth: Annotated[Base64, AfterValidator(a_secret), Field(description="its secret, base64url")]


class Subscription(Schema):
    """A `PushSubscription`, as its `toJSON()` gives it."""

    endpoint: Annotated[
        str, StringConstraints(pattern=r"^https?://[!-;=?-~]{3,1000}$"), AfterValidator(outside)
    ]
    keys: Keys
    expiration_time: float | None = Field(default=None, description="never looked at: 410 says when it ends")

    @property
    def token(self) -> str:
        """The same for the same subscription, in one text."""
        return self.model_dump_json(by_alias=True, exclude={"expiration_time"})

    @classmethod
    def of(cls, token: str) -> Self:
        """What a token says; ValueError where it says nothing that could be sent to."""
        return cls.model_validate_json(token)
