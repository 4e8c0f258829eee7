"""Web Push (RFC 8030): a browser's push service takes what only the browser can read, from whom it knows by a
key (VAPID, RFC 8292).

Addresses come from browsers, so from anybody: only the public internet is called.
"""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self
from urllib.parse import urlsplit

from shared.adapters import http_client
from shared.adapters.circuit_breaker import Ended, ending_of_status
from shared.adapters.http_client import Answer, OutwardUnavailable, wait_of
from shared.adapters.public_addresses import AddressRefused, HostUnknown
from shared.adapters.push.aes128gcm import encrypt
from shared.adapters.push.message import DeviceGone, PushMessage, PushRejected, PushUnavailable
from shared.adapters.push.subscription import Subscription, decoded, private_hosts

HOUR = 3600
LIFE = 12 * HOUR  # of what says who we are: 24 hours are allowed, and clocks differ
ROOM = 3000  # bytes of a message: some services take little more
ANSWER = 64 * 1024  # bytes of an answer that are read
GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class VapidKey:
    """A key pair, its private part as base64url, and an address at which its owner is reached."""

    private: str = field(repr=False)
    subject: str

    @classmethod
    def from_settings(cls) -> Self:
        """The platform's own; PushRejected while it is not configured."""
        from shared.kit.settings import settings

        now = settings()
        if not now.vapid_private_key:
            raise PushRejected(reason="VAPID_PRIVATE_KEY is not set")
        address = now.email_from.rpartition("<")[2].rstrip("> ")
        return cls(now.vapid_private_key.get_secret_value(), f"mailto:{address}")


class WebPush:
    """Sends with one key; safe to use from several threads."""

    def __init__(self, key: VapidKey, clock: Callable[[], float] = time.time) -> None:
        self.key, self.clock = key, clock

    def send(self, message: PushMessage, token: str) -> None:
        """Hand a message to the browser's push service; DeviceGone, PushRejected or PushUnavailable."""
        try:
            to = Subscription.of(token)
        except ValueError:
            raise DeviceGone from None
        body = encrypt(payload(message), decoded(to.keys.p256dh), decoded(to.keys.auth))
        if problem := problem_of(self.ask(to.endpoint, message, body)):
            raise problem

    def ask(self, endpoint: str, message: PushMessage, body: bytes) -> Answer:
        """The service's answer."""
        headers = {
            "Authorization": authorization(self.key, origin_of(endpoint), int(self.clock() // HOUR)),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(message.ttl),
            "Topic": topic(message.id),
            "Urgency": "high" if message.urgent else "normal",
        }
        try:
            return http_client.call(
                "POST", endpoint, headers=headers, body=body, limit=ANSWER, private_hosts=private_hosts()
            )
        except HostUnknown:  # the name's server may be away
            raise PushUnavailable("the push service's host is not found", ended=Ended("answered")) from None
        except AddressRefused:
            raise DeviceGone from None
        except OutwardUnavailable as error:
            raise PushUnavailable(f"no answer: {error.__cause__}"[:200]) from None


def origin_of(endpoint: str) -> str:
    """Whose a subscription is: scheme, host and port."""
    url = urlsplit(endpoint)
    return f"{url.scheme}://{url.netloc}"


@lru_cache(1024)
def authorization(key: VapidKey, origin: str, hour: int) -> str:
    """Who we are, to one push service: the same for an hour, so that signing costs nothing."""
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        private = ec.derive_private_key(int.from_bytes(decoded(key.private), "big"), ec.SECP256R1())
    except ValueError:
        raise PushUnavailable(
            "VAPID_PRIVATE_KEY is not a P-256 key in base64url", ended=Ended("misconfigured")
        ) from None
    claims = {"aud": origin, "exp": hour * HOUR + LIFE, "sub": key.subject}
    return f"vapid t={jwt.encode(claims, private, algorithm='ES256')}, k={public_of(private)}"


def public_of(private: Any) -> str:
    """The public part of a key, as browsers and push services take it."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return urlsafe_b64encode(point).rstrip(b"=").decode()


def topic(message_id: str) -> str:
    """By which a message takes the place of an earlier try (RFC 8030 §5.4: 32 characters of base64url)."""
    return urlsafe_b64encode(hashlib.sha256(message_id.encode()).digest())[:32].decode()


def payload(message: PushMessage) -> bytes:
    """What the app's service worker is given, with as much of the text as there is room for."""
    said = {"id": message.id, "title": message.title[:250], "data": dict(message.data)}
    body = message.body
    while len(made := json.dumps(said | {"body": body}, ensure_ascii=False).encode()) > ROOM and body:
        body = body[: len(body) * 3 // 4] + "…" if len(body) > 1 else ""
    return made


def problem_of(answer: Answer) -> DeviceGone | PushRejected | PushUnavailable | None:
    """What an answer means (RFC 8030 §5, §7.3); None where the message was taken.

    401 and 403 speak of our key, or of a subscription that was made with another: neither makes devices
    vanish.
    """
    status = answer.status
    if 200 <= status < 300:
        return None
    if status in GONE:
        return DeviceGone()
    if status == 429 or status >= 500:
        wait = wait_of(answer.headers.get("retry-after"))
        return PushUnavailable(f"Web Push {status}", wait, ending_of_status(status, wait))
    said = answer.body[:200].decode(errors="replace")
    return PushRejected(reason=f"Web Push {status}: {said}"[:300])
